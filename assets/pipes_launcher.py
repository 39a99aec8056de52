"""The processes of an update as a Pipes subprocess of the asset that asks for it."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from rlsd_pipeline.compute.launcher import Launcher, SubprocessLauncher


@dataclass(frozen=True)
class PipesLauncher:
    """See `Launcher`.

    Attributes:
        context: Context of the asset or op; the reports of rank 0 appear in its run.
        within: Runs the command.
    """

    context: dg.AssetExecutionContext | dg.OpExecutionContext
    within: Launcher = field(default_factory=SubprocessLauncher)

    @property
    def worker(self) -> str:
        """See `Launcher`."""
        return "assets.workers.update"

    def launch(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> int:
        """See `Launcher`.

        Messages go through files of the job's folder, since rank 0 may run on another node. This
        method starts the subprocess itself: `PipesSubprocessClient` leaves its own alive when
        something other than Dagster interrupts this process.
        """
        # Dagster warns of a preview that it calls itself.
        warnings.filterwarnings("ignore", category=dg.PreviewWarning, module="dagster")
        with dg.open_pipes_session(
            context=self.context,
            context_injector=dg.PipesFileContextInjector(str(folder / "pipes-context.json")),
            message_reader=dg.PipesFileMessageReader(str(folder / "pipes-messages.jsonl")),
        ) as session:
            variables = {**environment, **session.get_bootstrap_env_vars()}
            return self.within.launch(command, variables, folder)
