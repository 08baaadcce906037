# Detector, alarm, page, push, outbox and, with the host's D-Bus, the collector. Built for amd64 and arm64; not yet on an engine.
# The Python of the tests.
FROM python:3.11.17-slim-trixie AS build
RUN python -m venv --without-pip /opt/crampwatch
WORKDIR /src
COPY requirements.lock ./
# Wheels only: there is one of each package for both processors, and no compiler here.
RUN pip --python /opt/crampwatch/bin/python --no-cache-dir --disable-pip-version-check \
    install --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY collector collector
COPY detector detector
COPY crampwatch crampwatch
RUN pip --python /opt/crampwatch/bin/python --no-cache-dir --disable-pip-version-check \
    install --no-deps --no-build-isolation --no-index .

FROM python:3.11.17-slim-trixie
COPY --from=build /opt/crampwatch /opt/crampwatch
ENV PATH=/opt/crampwatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
# Settings are looked for here.
WORKDIR /crampwatch
# Where no other is named; docker-compose.yml names the user who ran `crampwatch setup`.
USER 10001:10001
ENTRYPOINT ["crampwatch"]
