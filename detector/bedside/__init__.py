"""The alarm's process: hears collectors and detector, makes the sound, and tells whoever is to know."""
