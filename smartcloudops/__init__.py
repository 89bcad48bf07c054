"""SmartCloudOps: a command-line DevOps assistant."""

__version__ = "0.1.0"
