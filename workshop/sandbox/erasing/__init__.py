"""Makes everything in one account be gone, on the word of whoever may read the state folder."""

from workshop.sandbox.erasing.eraser import Eraser, StillRunning

__all__ = ["Eraser", "StillRunning"]
