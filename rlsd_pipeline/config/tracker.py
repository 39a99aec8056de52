"""Where the metrics of every stage are also sent; it changes no artifact."""

from typing import Annotated, Literal

from pydantic import Field

from rlsd_pipeline.config.strict import StrictConfig

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9{][A-Za-z0-9_{}. -]*$")]
"""Part of a path for one tracker, of a query for another."""


class _Tracker(StrictConfig):
    project: Name | None = None
    """Groups the runs of all arms; the experiment's name by default."""

    run_name: Name = "{arm}"
    """Name of an arm's run; `{arm}` stands for the arm's."""

    directory: str | None = None
    """Local folder; below `trackers` of RLSD_HOME by default, as are relative ones."""


class TensorBoardConfig(_Tracker):
    """Event files for TensorBoard, a folder an arm."""

    type: Literal["tensorboard"] = "tensorboard"


class WandBConfig(_Tracker):
    """Weights & Biases; the key comes from WANDB_API_KEY or `wandb login`."""

    type: Literal["wandb"] = "wandb"

    entity: str | None = None
    """User or team; the key's own by default."""

    mode: Literal["online", "offline"] = "online"
    """Offline runs are kept in the folder until `wandb sync`."""


class MLflowConfig(_Tracker):
    """MLflow; `project` is its experiment."""

    type: Literal["mlflow"] = "mlflow"

    tracking_uri: str | None = None
    """Server or database; MLFLOW_TRACKING_URI, or else an SQLite file in the folder."""


class TrackioConfig(_Tracker):
    """Trackio; the folder is TRACKIO_DIR where that is set."""

    type: Literal["trackio"] = "trackio"

    space_id: str | None = None
    """Hugging Face Space to log to; local by default."""


TrackerConfig = Annotated[
    TensorBoardConfig | WandBConfig | MLflowConfig | TrackioConfig, Field(discriminator="type")
]
