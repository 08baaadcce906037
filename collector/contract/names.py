"""What a wearer's pseudonym and a site may be called: safe as a topic level, a file name and a database tag."""

from typing import Annotated

import msgspec

PATTERN = r"^[a-z0-9_-]{1,64}\Z"

Name = Annotated[str, msgspec.Meta(pattern=PATTERN)]
