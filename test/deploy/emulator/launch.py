"""Starts the emulator with the differences from AWS that matter to this stack put right at run time.

Nothing of the installed package is edited or copied: names in its modules are bound anew before it serves.
docs/deploying.md lists every difference with the AWS document that settles it. Keep both in step.

Environment: DEPLOY_NODE (the Node that runs functions), DEPLOY_RUNTIME (folder of start.cjs), DEPLOY_RIC
(folder of AWS's runtime interface client), DEPLOY_PROCESSES (folder where each function's process leaves its
id), DEPLOY_PACKAGES (what Lambda's Node brings along: the AWS SDK), and what the emulator reads: BIND_HOST, GATEWAY_PORT, AUTH, AWS_ENDPOINT_URL.
"""

import io
import json
import os
import shlex
import sys
import threading
import zipfile

from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import lambda_svc

NODE_RUNTIME = "nodejs"


def mend(reason, document):
    """Marks a function as a replacement; `--list` prints them, so that the documentation can be compared."""

    def keep(function):
        MENDS.append((function.__name__, reason, document))
        return function

    return keep


MENDS = []


# -- Functions run under AWS's own runtime interface client ------------------------------------------------

_packages = {}
_packages_lock = threading.Lock()


def with_bootstrap(code_zip):
    """The same package with an entry point, which starts Node with the runtime interface client."""
    with _packages_lock:
        known = _packages.get(id(code_zip))
        if known is not None and known[0] is code_zip:
            return known[1]
        buffer = io.BytesIO(code_zip)
        with zipfile.ZipFile(buffer, "a") as package:
            entry = zipfile.ZipInfo("bootstrap")
            entry.external_attr = 0o100755 << 16
            package.writestr(entry, bootstrap())
        made = buffer.getvalue()
        _packages[id(code_zip)] = (code_zip, made)
        return made


def bootstrap():
    node = shlex.quote(os.environ["DEPLOY_NODE"])
    start = shlex.quote(os.path.join(os.environ["DEPLOY_RUNTIME"], "start.cjs"))
    client = shlex.quote(os.path.join(os.environ["DEPLOY_RIC"], "index.mjs"))
    return f"#!/bin/sh\nexec {node} --require {start} {client}\n"


def package_paths(layers):
    """What AWS has in NODE_PATH: the packages of the layers, then those that the runtime brings along."""
    paths = []
    for layer in layers:
        packed = lambda_svc._resolve_layer_zip(layer)
        if packed is None:
            raise RuntimeError(f"no layer {layer}")
        folder = lambda_svc._docker_extracted_dir(packed, "layer")
        paths.append(os.path.join(folder, "nodejs", "node_modules"))
    return os.pathsep.join([*paths, os.environ["DEPLOY_PACKAGES"]])


class NodeEnvironment(lambda_runtime.ProvidedWorker):
    """An execution environment of Node behind the emulator's own Runtime API."""

    def __init__(self, func_name, config, code_zip):
        variables = dict((config.get("Environment") or {}).get("Variables") or {})
        variables["NODE_PATH"] = package_paths(config.get("Layers") or [])
        super().__init__(
            func_name, {**config, "Environment": {"Variables": variables}}, with_bootstrap(code_zip)
        )

    def _spawn(self, *args, **kwargs):
        try:
            super()._spawn(*args, **kwargs)
        except lambda_runtime.ProvidedRuntimeError:
            raise
        except RuntimeError as error:
            given = self._init_error if isinstance(self._init_error, dict) else {}
            raise lambda_runtime.ProvidedRuntimeError(
                given.get("errorMessage", str(error)), given.get("errorType", "Runtime.ExitError")
            ) from error

    def invoke(self, event, request_id, *, trace_id=None, invoked_function_arn=None, **_others):
        return super().invoke(
            event, request_id, trace_id=trace_id, invoked_function_arn=invoked_function_arn
        )


_class_for = lambda_runtime._worker_class_for
_execute_warm = lambda_svc._execute_function_warm


def is_node(config):
    return str(config.get("Runtime", "")).startswith(NODE_RUNTIME)


@mend(
    "A Node function runs under AWS's own runtime interface client behind the Runtime API: handler files end "
    "in .js, .mjs or .cjs; an error keeps its name as errorType; a process that ends is Runtime.ExitError; "
    "a failed start has its own type.",
    "Lambda developer guide: Define Lambda function handler in Node.js; Using the Lambda runtime API",
)
def environment_of_node(config):
    return NodeEnvironment if is_node(config) else _class_for(config)


def execute_node(func, event, request_id):
    config = func.get("config") or func
    if is_node(config):
        return lambda_svc._execute_function_provided_warm(func, event, request_id)
    return _execute_warm(func, event, request_id)


lambda_runtime._worker_class_for = environment_of_node
lambda_svc._execute_function_warm = execute_node


# -- A request on loopback counts as encrypted -------------------------------------------------------------

_pin_origin = iam_evaluator.pin_request_origin


@mend(
    "Requests count as sent over TLS, as all to AWS's own endpoints are: bucket policies, the CDK's own among "
    "them, deny what has aws:SecureTransport false. The emulator answers plain HTTP on loopback.",
    "IAM user guide: AWS global condition context keys, aws:SecureTransport",
)
def origin_is_secure(source_ip, _secure_transport):
    _pin_origin(source_ip, True)


iam_evaluator.pin_request_origin = origin_is_secure


# -- Which function a policy speaks of ----------------------------------------------------------------------

_resource_of = iam_actions.extract_resource_arn
_action_of = iam_actions.extract_iam_action

PROVISIONED = {
    "GET": "GetProvisionedConcurrencyConfig",
    "PUT": "PutProvisionedConcurrencyConfig",
    "DELETE": "DeleteProvisionedConcurrencyConfig",
}


@mend(
    "CreateFunction is authorised on the function that its body names, and a call with a qualifier on the "
    "function's ARN with that qualifier. The emulator takes `*` for the first, and drops the qualifier.",
    "Service authorization reference: Actions, resources, and condition keys for AWS Lambda",
)
def resource_of_lambda(service, method, path, headers, body, query_params, region, account_id):
    arn = _resource_of(service, method, path, headers, body, query_params, region, account_id)
    if service != "lambda":
        return arn
    if arn == "*" and method == "POST" and path.rstrip("/").endswith("/functions"):
        name = json.loads(body or b"{}").get("FunctionName", "")
        return name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{account_id}:function:{name}"
    qualifier = query_params.get("Qualifier") or ""
    qualifier = qualifier[0] if isinstance(qualifier, list) else qualifier
    return f"{arn}:{qualifier}" if qualifier and arn.count(":") == 6 else arn


@mend(
    "Provisioned concurrency has actions of its own. The emulator takes them for GetFunction, "
    "UpdateFunctionCode and DeleteFunction.",
    "Service authorization reference: Actions, resources, and condition keys for AWS Lambda",
)
def action_of_lambda(service, method, path, *others, **named):
    if service == "lambda" and path.rstrip("/").endswith("/provisioned-concurrency"):
        return f"lambda:{PROVISIONED.get(method, 'GetProvisionedConcurrencyConfig')}"
    return _action_of(service, method, path, *others, **named)


iam_actions.extract_resource_arn = resource_of_lambda
iam_actions.extract_iam_action = action_of_lambda


if __name__ == "__main__":
    if sys.argv[1:] == ["--list"]:
        for name, reason, document in MENDS:
            print(f"{name}\t{reason}\t{document}")
    else:
        from ministack.app import main

        main()
