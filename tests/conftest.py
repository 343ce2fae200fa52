"""Laws are checked by what they say, not by how fast a busy machine says it."""

from hypothesis import settings

settings.register_profile("ballast", deadline=None)
settings.load_profile("ballast")
