"""What the user set: profiles and environment in, one checked value out."""

from bot.settings.load import load_settings
from bot.settings.model import Holding, Portfolio, Risk, Settings, Venue
from bot.settings.rules import Allocation, Direct, Pace, Policy, StaticRatio
from bot.settings.running import Journal, Network, Schedule, Watch

__all__ = [
    "Allocation",
    "Direct",
    "Holding",
    "Journal",
    "Network",
    "Pace",
    "Policy",
    "Portfolio",
    "Risk",
    "Schedule",
    "Settings",
    "StaticRatio",
    "Venue",
    "Watch",
    "load_settings",
]
