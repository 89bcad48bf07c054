"""Whether the configuration can be read, and all of it counts."""

from __future__ import annotations

from smartcloudops.doctor.scene import Finding, Scene


def look(scene: Scene) -> Finding:
    """Files, trust, credentials without an endpoint, and whether a source of metrics is named."""
    if scene.error is not None:
        return Finding("fail", scene.error.message, scene.error.hint)
    config = scene.config
    if config.untrusted:
        names = ", ".join(each.name for each in config.untrusted)
        return Finding(
            "fail",
            f"{config.project_file} sets {names}: every other command stops until it is trusted",
            f"read it, then: sco config trust {config.project_file}",
        )
    if config.notes:
        return Finding("warn", "; ".join(config.notes), "sco config show")
    files = [str(each) for each in (config.project_file, config.user_file) if each]
    read = ", ".join(files) or "no file, defaults and variables only"
    if config.prometheus.url is None:
        return Finding("info", f"{read}; metrics of this machine alone, [prometheus] url is not set", "sco init")
    return Finding("ok", f"{read}; metrics from {config.prometheus.url} ({config.origin('prometheus.url')})")
