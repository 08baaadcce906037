"""What frees one muscle of a cramp tenses another: the alert says what is right for the one under the sensor."""

import pytest

from detector.catalogue import languages, load
from detector.muscles import alert_sentence, muscle_at

# Anatomy: dorsiflexion lengthens calf and sole, plantarflexion the shin's muscle, a straight knee the hamstrings.
LENGTHENS = {
    "left_calf": "pull toes up",
    "right_outer_calf": "pull toes up",
    "left_shin": "Point your foot down",
    "right_foot": "pull your toes up with a hand",
    "hamstring": "Straighten your knee",
    "left_arm": "Stretch the muscle slowly",
    "thigh_front": "Stretch the muscle slowly",
}


@pytest.mark.parametrize(("site", "movement"), LENGTHENS.items())
def test_the_alert_names_the_movement_that_lengthens_the_muscle(site: str, movement: str) -> None:
    assert movement in alert_sentence(site, 12.4, load())


def test_an_alert_at_the_calf_is_worded_as_the_wearers_were_promised() -> None:
    assert alert_sentence("left_calf", 12.4, load()) == (
        "Possible calf cramp for 12 s. Straighten your leg, pull toes up. Stand up slowly, hold on to something."
    )


@pytest.mark.parametrize("language", languages())
def test_a_foot_with_electrodes_is_not_told_to_stand_on_them(language: str) -> None:
    assert {"en": "before you stand", "de": "Vor dem Aufstehen"}[language] in alert_sentence("foot", 9, load(language))


@pytest.mark.parametrize("language", languages())
def test_a_place_that_is_no_muscle_we_know_is_named_as_it_is(language: str) -> None:
    assert muscle_at("left_arm") is None
    assert "(left_arm)" in alert_sentence("left_arm", 9, load(language))
