"""What follows training, each stage reading what the one before left in the run folder.

evaluate   -> model.keras, report/logits.npz, report/evaluation.json
calibrate  -> report/calibration.json, report/evaluation.json (with the measures after it)
parent     -> report/evaluation.json (with the model that the run goes on from beside it)
report     -> report/report.json, report/confusion_matrix.png, report/MODEL_CARD.md; with votes
              report/risk_coverage.png
export     -> a bundle with the card and the pictures; a SavedModel if asked

quantise   -> a bundle with an int8 network as well, and the cost of each arithmetic

A stage that is killed is repeated: each first takes away what it is about to write anew, so that
no later one mixes two networks.
"""

from services.trainer.stages.calibrate import calibrate_run
from services.trainer.stages.evaluate import Which, evaluate_run
from services.trainer.stages.export import export_run
from services.trainer.stages.parent import judge_parent
from services.trainer.stages.report import report_run

__all__ = ["Which", "calibrate_run", "evaluate_run", "export_run", "judge_parent", "report_run"]
