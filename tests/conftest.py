"""What holds for every test: hypothesis looks at what comes out, never at how long it took."""

from hypothesis import settings

settings.register_profile("hub", deadline=None)
settings.load_profile("hub")
