"""Which layers the head reads. To add a fusion: one file, one line in FUSIONS, its settings in READS."""

from tagwright.backbone.fusion.config import FusionConfig
from tagwright.registry import Table

FUSIONS: Table[type] = Table(
    "fusion",
    {
        "last": "tagwright.backbone.fusion.plain:LastFusion",
        "layer": "tagwright.backbone.fusion.plain:LayerFusion",
        "mean": "tagwright.backbone.fusion.plain:MeanFusion",
        "mix": "tagwright.backbone.fusion.plain:MixFusion",
        "concat": "tagwright.backbone.fusion.concat:ConcatFusion",
        "mlp": "tagwright.backbone.fusion.concat:MlpFusion",
        "deeper": "tagwright.backbone.fusion.deeper:DeeperFusion",
        "dwatt": "tagwright.backbone.fusion.dwatt:DwattFusion",
        "dwatt:paper": "tagwright.backbone.fusion.dwatt:PaperDwattFusion",
    },
)

__all__ = ["FUSIONS", "FusionConfig"]
