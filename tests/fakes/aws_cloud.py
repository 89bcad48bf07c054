"""An AWS in memory (moto) on loopback, as a process: it prints its port and ends with its stdin.

moto 5.2.5 forgets an instance's security groups where they come with a network interface, as this provider sends them;
a plan after an apply would then want to add them for ever. And it denies what a bucket's policy denies without looking
at the condition: what asks for TLS would lock everybody out, so here every request counts as one over TLS.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.ec2.models.instances import Instance
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

_prepare = Instance.prep_nics


def _with_groups(self: Any, *args: Any, **kwargs: Any) -> Any:
    made = _prepare(self, *args, **kwargs)
    if not self.security_groups:
        groups = [group for nic in self.nics.values() for group in nic.group_set]
        self.security_groups.extend(groups)
    return made


_permitted = IAMPolicyStatement.is_action_permitted


def _permitted_over_tls(self: Any, *args: Any, **kwargs: Any) -> Any:
    asks = self._statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport")
    return PermissionResult.NEUTRAL if asks == "false" else _permitted(self, *args, **kwargs)


class Quiet(WSGIRequestHandler):
    """No line for each request."""

    def log_request(self, *args: Any, **kwargs: Any) -> None:
        pass


def main() -> None:
    Instance.prep_nics = _with_groups
    IAMPolicyStatement.is_action_permitted = _permitted_over_tls
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    os.environ["MOTO_PORT"] = str(server.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
