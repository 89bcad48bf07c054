"""What the tools do, one file each; loaded when a tool is first called, because numpy and servers' clients are slow to
load while every provider must be told of every tool."""
