"""Runs other people's programs so that they reach the sandbox's endpoint and nothing else."""

from workshop.sandbox.isolation.box import Box, Limits
from workshop.sandbox.isolation.isolation import Isolation, IsolationUnavailable
from workshop.sandbox.isolation.process import Process

__all__ = ["Box", "Isolation", "IsolationUnavailable", "Limits", "Process"]
