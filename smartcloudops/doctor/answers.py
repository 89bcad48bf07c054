"""Whether those who should answer questions can: keys at hand, servers there, models known."""

from __future__ import annotations

from contextlib import closing

from smartcloudops.ask import routing
from smartcloudops.ask.providers import PROVIDERS
from smartcloudops.ask.routing import Wanted
from smartcloudops.core.errors import ScoError
from smartcloudops.core.registry import nearest
from smartcloudops.doctor.scene import Finding, Scene


def look(scene: Scene) -> Finding:
    """Asks each provider that the configuration names for its models, which costs nothing. Rules stand in for those
    that cannot answer, so that nothing here is a failure."""
    names = [name for name in routing.names(scene.config, Wanted()) if name != routing.OFFLINE]
    if not names:
        unused = routing.unused_keys((), scene.environ)
        return Finding("ok", "rules answer questions; nothing leaves this machine", unused[0] if unused else None)
    found = [_asked(scene, name) for name in names]
    wrong = [one for one in found if one.level != "ok"]
    seen = "; ".join(one.seen for one in found)
    return Finding("warn" if wrong else "ok", seen, wrong[0].mend if wrong else None)


def _asked(scene: Scene, name: str) -> Finding:
    try:
        dialling = routing.dialling(scene.config, name, scene.environ)
        with closing(PROVIDERS.load(name)(dialling)) as provider:
            models = provider.models()
            where, model = provider.where, provider.model
    except ScoError as e:
        return Finding("warn", e.message, e.hint)
    if models and model not in models:
        return Finding(
            "warn", f"{name} at {where} has no model `{model}`", f"[ask.{name}] model: {nearest(model, models)}"
        )
    sends = ", ".join(routing.sends(scene.config, name) or ()) or "nothing but the question"
    return Finding("ok", f"{name} ({model}) answers at {where}; it is sent {sends}")
