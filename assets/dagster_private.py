"""Every name below `dagster._` that this project uses, and why the public interface does not do.

A release of Dagster may move or change any of them. No other module names one.

What `import dagster` loads anyway is imported here. The rest loads SQLAlchemy, gRPC or Dagster's
command line, and is imported when it is first asked for.
"""

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

# The event that a check judged, by which Dagster shows whether the check is of the newest.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

# The tags by which Dagster sees what is stale. It writes them only for the asset and partition of
# a run; a training makes many, and `rlsd doctor` tells of what no run here made.
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_IS_USER_PROVIDED_TAG,
    DATA_VERSION_TAG,
    DEFAULT_DATA_VERSION,
    NULL_EVENT_POINTER,
    extract_data_version_from_entry,
    get_input_data_version_tag,
    get_input_event_pointer_tag,
)

# The tags of a partition of two dimensions, which the UI filters by; written for the same reason.
from dagster._core.definitions.partitions.utils import get_tags_from_multi_partition_key

# What `dg.define_asset_job` returns.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

# Of these, Dagster exports only the base class of all its errors.
from dagster._core.errors import DagsterAssetCheckFailedError, DagsterUserCodeUnreachableError

# Opens an instance with settings beside those of its file; `dg.DagsterInstance` has no such way.
from dagster._core.instance.ref import InstanceRef

# What a launcher, such as one derived from `dg.DefaultRunLauncher`, is given and answers.
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus

# Where the UI has a job; only a run that the UI launched says so.
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

# Dagster's own list: one written here would lack a state that a release adds.
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

# Texts that are documented, but not exported: an import fails where a text would match nothing.
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_START_TAG,
    GRPC_INFO_TAG,
    MAX_RETRIES_TAG,
    PARTITION_NAME_TAG,
    SENSOR_NAME_TAG,
)

# Handed to every class that dagster.yaml may name.
from dagster._serdes import ConfigurableClassData

# Raised where dagster.yaml has a value of the wrong type; no `dg.DagsterError`.
from dagster_shared.check import CheckError

if TYPE_CHECKING:
    from dagster._cli.api import execute_run_command, grpc_command
    from dagster._core.storage.event_log import SqliteEventLogStorage
    from dagster._core.storage.runs import SqliteRunStorage
    from dagster._core.storage.schedules import SqliteScheduleStorage
    from dagster._daemon import controller as daemon_controller
    from dagster._daemon.cli import run_command
    from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import (
        QueuedRunCoordinatorDaemon,
    )
    from dagster._grpc import server as grpc_server
    from dagster._grpc import server_watcher
    from dagster._grpc.__generated__.dagster_api_pb2 import ReloadCodeReply
    from dagster._grpc.client import DagsterGrpcClient
    from dagster._grpc.types import ExecuteRunArgs
else:
    _LATER = {
        # `dagster api execute_run`, in a worker that has imported everything.
        "execute_run_command": "dagster._cli.api:execute_run_command",
        # `dagster api grpc` and `dagster-daemon run`, in processes that `rlsd ui` has forked.
        "grpc_command": "dagster._cli.api:grpc_command",
        "run_command": "dagster._daemon.cli:run_command",
        # Dagster's default storages: ours derive from them, to keep their connections open.
        "SqliteEventLogStorage": "dagster._core.storage.event_log:SqliteEventLogStorage",
        "SqliteRunStorage": "dagster._core.storage.runs:SqliteRunStorage",
        "SqliteScheduleStorage": "dagster._core.storage.schedules:SqliteScheduleStorage",
        # How often the daemon reads all definitions, and page and daemon ask the code server:
        # constants of these modules, which no setting reaches.
        "daemon_controller": "dagster._daemon.controller",
        "server_watcher": "dagster._grpc.server_watcher",
        # The look at the queue of runs, which comes by the clock alone.
        "QueuedRunCoordinatorDaemon": "dagster._daemon:QueuedRunCoordinatorDaemon",
        # The code server, whose answer to a reload takes another process beside it.
        "grpc_server": "dagster._grpc.server",
        "ReloadCodeReply": "dagster._grpc.__generated__.dagster_api_pb2:ReloadCodeReply",
        # Asks whether the code server answers; `dagster api grpc-health-check` is a process.
        "DagsterGrpcClient": "dagster._grpc.client:DagsterGrpcClient",
        # What `dagster api execute_run` reads: a launcher has to write it.
        "ExecuteRunArgs": "dagster._grpc.types:ExecuteRunArgs",
    }

    def __getattr__(name: str) -> Any:
        """One of the names whose modules are imported when they are asked for."""
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return resolve_name(_LATER[name])


NO_CAPTURE = {
    "module": "dagster._core.storage.noop_compute_log_manager",
    "class": "NoOpComputeLogManager",
}
"""A setting by which an instance keeps no standard output; such classes have no public path."""

SERVER_MODULES = ("dagster._cli.api", "dagster._grpc.server")
"""What all processes of `rlsd ui` import: once before they are forked, they share its memory.

None begins a thread or opens a connection.
"""

STORAGE_MODULES = (
    "dagster._core.storage.event_log",
    "dagster._core.storage.runs",
    "dagster._core.storage.schedules",
)
"""What page and daemon import as well, and the code server does not to load definitions."""

RUN_MODULES = (
    "dagster._cli.api",
    "dagster._core.definitions.repository_definition.repository_data_builder",
    "dagster._core.storage.legacy_storage",
)
"""What a run imports that `import dagster` has not; loaded before workers are forked."""
