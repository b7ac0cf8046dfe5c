from services.web.views.facets import Facets

# Of 100 faces none is above 90 %, as with a model whose answers are calibrated.
HISTOGRAM = [0] * 8 + [10, 10, 20, 20, 20, 10, 5, 3, 1, 1, 0, 0]


def test_thresholds_fit_what_the_model_says() -> None:
    choices = Facets({"confidence": HISTOGRAM}, {}).confidences("")
    assert all(0 < (choice.number or 0) < 100 for choice in choices)
    assert [choice.value for choice in choices] == sorted({c.value for c in choices}, key=float)
    assert choices[0].text == "at least 45 % (90)"
    assert float(choices[-1].value) < 0.9


def test_the_threshold_chosen_is_always_offered() -> None:
    choices = Facets({"confidence": HISTOGRAM}, {}).confidences("0.95")
    assert ("0.95", 0) in [(choice.value, choice.number) for choice in choices]
    assert "0.33" in [choice.value for choice in Facets({}, {}).confidences("0.33")]


def test_without_counts_there_are_choices_without_numbers() -> None:
    facets = Facets({}, {})
    assert [choice.number for choice in facets.confidences("")] == [None] * 5
    assert facets.number("expressions", "anger") is None
    assert facets.faces("uncertain", "true") is None
    assert (facets.bins, facets.folders) == ((), ())


def test_choices_say_what_they_leave() -> None:
    counts = {"faces": 10, "uncertain": 3, "expressions": {"anger": 4}}
    facets = Facets(counts, {})
    assert facets.number("expressions", "anger") == 4
    assert facets.number("expressions", "fear") == 0
    assert facets.faces("uncertain", "true") == 3
    assert facets.faces("uncertain", "false") == 7
    # With one of the two chosen, the faces counted are those of that choice.
    assert Facets(counts, {"uncertain": "false"}).faces("uncertain", "false") == 10
    assert Facets(counts, {"uncertain": "true"}).faces("uncertain", "false") is None


def test_bins_lead_to_their_bounds() -> None:
    bins = Facets({"confidence": HISTOGRAM}, {}).bins
    assert len(bins) == 20
    assert (bins[9].low, bins[9].high, bins[9].faces, bins[9].height) == (0.45, 0.5, 10, 0.5)
    assert bins[9].words == "45 % to 50 %"
