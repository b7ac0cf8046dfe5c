"""`/models`: what is published, which one answers, and, for administrators, which one shall."""

from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.web.forms import read_form
from services.web.gateway import ApiRefusalError, path_of
from services.web.pages.photos import picture_response
from services.web.state import address, is_admin, leave_message, now, render, see_other, web_of
from services.web.views.models import (
    card_html,
    confusion,
    figures,
    measured_on,
    per_class,
    pictures,
)
from services.web.views.units import moment

_CONFLICT = 409
# Insisting does not help where no worker can load a model.
_FINAL = "model-not-loadable"


async def list_models(request: Request) -> Response:
    """List all models with the figures that they are compared by."""
    found = await web_of(request).gateway.get("/v1/models")
    models = [
        {
            **model,
            "figures": figures(model.get("metrics") or {}),
            "measured_on": measured_on(model.get("metrics") or {}, {}),
            "published": moment(model.get("created_at"), now=now()),
            "activated": moment(model.get("activated_at"), now=now()),
        }
        for model in found.get("data", ())
    ]
    return render(request, "models.html", models=models)


async def show_model(request: Request) -> Response:
    """Show a model's figures, confusion matrix, pictures and card."""
    return await _model_page(request)


async def activate(request: Request) -> Response:
    """Let a model answer; one that is worse is refused until the visitor insists."""
    if not is_admin(request):
        return _not_for_you()
    form = await read_form(request)
    model_id = request.path_params["model_id"]
    try:
        model = await web_of(request).gateway.post(
            path_of("models", model_id, "activate"),
            {"force": form.get("force") == "true"},
            admin=True,
        )
    except ApiRefusalError as refusal:
        if refusal.status != _CONFLICT:
            raise
        return await _model_page(request, refused=refusal)
    unchecked = " No worker was there to load it first." if model.get("checked") is False else ""
    leave_message(request, f"{model['model_version']} answers from the next photos on.{unchecked}")
    return see_other(request, "/models")


async def roll_back(request: Request) -> Response:
    """Go back to the model that was active before."""
    if not is_admin(request):
        return _not_for_you()
    model = await web_of(request).gateway.post("/v1/models/rollback", admin=True)
    leave_message(request, f"Back to {model['model_version']}.")
    return see_other(request, "/models")


async def model_picture(request: Request) -> Response:
    """Give a picture of a model's bundle; other files are for the command line."""
    model_id, name = request.path_params["model_id"], request.path_params["name"]
    content, media_type = await web_of(request).gateway.picture(
        path_of("models", model_id, "files", name)
    )
    return picture_response(content, media_type)


async def _model_page(request: Request, *, refused: ApiRefusalError | None = None) -> Response:
    model_id = request.path_params["model_id"]
    model = await web_of(request).gateway.get(path_of("models", model_id))
    manifest: dict[str, Any] = model.get("manifest") or {}
    measured: dict[str, Any] = manifest.get("metrics") or {}
    labels = [str(label) for label in model.get("labels") or ()]
    card = str(model.get("card") or "")
    files = address(request, f"/models/{model['id']}/files")
    return render(
        request,
        "model.html",
        http_status=_CONFLICT if refused else 200,
        model=model,
        figures=figures(measured),
        measured_on=measured_on(model.get("metrics") or {}, manifest),
        labels=labels,
        confusion=confusion(labels, measured),
        per_class=per_class(labels, measured),
        pictures=pictures(manifest, card),
        files=files,
        card=card_html(card, files=files),
        published=moment(model.get("created_at"), now=now()),
        refused=refused.detail if refused else "",
        may_insist=refused is not None and refused.code != _FINAL,
    )


def _not_for_you() -> Response:
    return PlainTextResponse(
        "Changing models is for administrators: log in with their password.\n", status_code=403
    )


routes = [
    Route("/models", list_models),
    Route("/models/rollback", roll_back, methods=["POST"]),
    Route("/models/{model_id}", show_model),
    Route("/models/{model_id}/activate", activate, methods=["POST"]),
    Route("/models/{model_id}/files/{name}", model_picture),
]
