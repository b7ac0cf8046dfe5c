import json
import tarfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import DataConfig
from services.trainer.data.dataset import load_prepared
from services.trainer.data.framing import on_canvas
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import (
    IMAGES_NAME,
    MANIFEST_NAME,
    SERVED_NAME,
    VOTES_NAME,
    prepare,
)
from services.trainer.data.seen import SeenImages, seen_in
from services.trainer.errors import DataLayoutError, RunError, SeenImagesError, VotesError
from services.trainer.files import sha256_of
from services.vision.transforms import InputSpec, crop_face
from tests.fixtures.detectors import FixedDetector
from tests.fixtures.training import (
    DATA,
    SIDE,
    striped,
    write_class_folders,
    write_image,
    write_image_folder,
)
from tests.fixtures.votes import joined


def stages(
    source: Path, out: Path, config: DataConfig, *, detector: FixedDetector | None = None
) -> dict[str, list[tuple[int, int]]]:
    """What ``prepare`` tells of its progress, by stage."""
    told: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    prepare(
        source,
        out=out,
        config=config,
        detector=detector,
        progress=lambda what, done, total: told[what].append((done, total)),
    )
    return dict(told)


def test_votes_that_a_recipe_needs_are_missed_before_an_image_is_decoded(tmp_path: Path) -> None:
    root, told = write_image_folder(tmp_path / "data", train=1, test=1, val=1), []
    with pytest.raises(VotesError, match=r"data\.votes=FILE"):
        prepare(
            root,
            out=tmp_path / "cache",
            config=DATA,
            needs_votes=True,
            progress=lambda *now: told.append(now),
        )
    assert told == []


class TestPreparedAlready:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        return write_image_folder(tmp_path / "data", train=4, test=1, val=1)

    @pytest.fixture
    def cache(self, root: Path, tmp_path: Path) -> Path:
        """A whole one, whose manifest is marked: what is made anew loses the mark."""
        manifest = prepare(root, out=tmp_path / "cache", config=DATA)
        (tmp_path / "cache" / MANIFEST_NAME).write_text(json.dumps({**manifest, "mark": 1}))
        return tmp_path / "cache"

    def test_is_taken_as_it_is(self, root: Path, cache: Path) -> None:
        assert "mark" in prepare(root, out=cache, config=DATA)

    def test_is_made_anew_for_another_recipe(self, root: Path, cache: Path) -> None:
        other = DATA.model_copy(update={"near_duplicate": 0.9})
        assert "mark" not in prepare(root, out=cache, config=other)

    def test_is_made_anew_for_other_images(self, root: Path, cache: Path) -> None:
        write_image(root / "train/fear/one-more.png", striped(1, seed=900))
        assert "mark" not in prepare(root, out=cache, config=DATA)

    def test_is_made_anew_for_a_detector_that_was_handed_in(self, root: Path, cache: Path) -> None:
        assert "mark" not in prepare(root, out=cache, config=DATA, detector=FixedDetector())

    @pytest.mark.parametrize("content", [b"damaged", None])
    def test_is_made_anew_where_an_array_is_damaged_or_missing(
        self, root: Path, cache: Path, content: bytes | None
    ) -> None:
        array = cache / IMAGES_NAME
        array.write_bytes(content) if content else array.unlink()
        assert "mark" not in prepare(root, out=cache, config=DATA)
        assert len(load_prepared(cache).train) > 0


class TestPrepare:
    def test_loads_back_what_the_folders_hold(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=10, test=3)
        prepare(root, out=tmp_path / "cache", config=DATA)
        data = load_prepared(tmp_path / "cache")
        assert (len(data.train), len(data.validation), len(data.test)) == (63, 7, 21)
        assert data.evaluated[0] is Split.TEST
        first = np.flatnonzero(data.test.labels == 2)[0]
        assert (data.test.images[first] == striped(2, seed=500)).all()

    def test_evaluates_on_validation_without_a_test_split(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=4, test=0, val=2)
        prepare(root, out=tmp_path / "cache", config=DATA)
        split, evaluated = load_prepared(tmp_path / "cache").evaluated
        assert (split, len(evaluated)) == (Split.VALIDATION, 14)

    def test_an_archive_gives_the_same_arrays_and_its_own_hash(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        archive = tmp_path / "data.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(root, arcname="data")
        plain = prepare(root, out=tmp_path / "a", config=DATA)
        packed = prepare(archive, out=tmp_path / "b", config=DATA)
        assert packed["images_sha256"] == plain["images_sha256"]
        assert packed["source_sha256"] == sha256_of(archive) != plain["source_sha256"]

    def test_the_hash_of_a_folder_follows_its_names_and_bytes(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        before = prepare(root, out=tmp_path / "a", config=DATA)["source_sha256"]
        (root / "train/fear/000.png").rename(root / "train/anger/zzz.png")
        after = prepare(root, out=tmp_path / "b", config=DATA)["source_sha256"]
        assert after != before

    def test_drops_a_training_copy_of_a_test_image(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=3, test=1, val=1)
        write_image(root / "train/fear/copy.png", striped(1, seed=500))
        manifest = prepare(root, out=tmp_path / "cache", config=DATA)
        (row,) = [r for r in manifest["images"] if r["path"] == "train/fear/copy.png"]
        assert not row["kept"]
        assert load_prepared(tmp_path / "cache").test.leaked.sum() >= 1

    def test_scales_to_the_size_and_colour_asked_for(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        prepare(
            root, out=tmp_path / "cache", config=DATA.model_copy(update={"size": 24, "channels": 3})
        )
        assert load_prepared(tmp_path / "cache").train.images.shape[1:] == (24, 24, 3)

    def test_keeps_a_second_view_of_images_in_which_a_face_is_found(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        config = DATA.model_copy(update={"served_share": 0.5, "crop_margin": 0.5})
        prepare(root, out=tmp_path / "cache", config=config, detector=FixedDetector())
        train = load_prepared(tmp_path / "cache").train
        assert train.found is not None
        assert train.served is not None
        assert train.found.all()
        box = FixedDetector.BOX
        spec = InputSpec(size=SIDE, channels=1, crop_margin=0.5, mean=(0.0,), std=(1.0,))
        assert (train.served[3] == crop_face(on_canvas(train.images[3]), box, spec)).all()

    def test_refuses_another_second_view_than_the_manifest_says(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        config = DATA.model_copy(update={"served_share": 0.5})
        prepare(root, out=tmp_path, config=config, detector=FixedDetector())
        np.save(tmp_path / SERVED_NAME, np.zeros((21, SIDE, SIDE, 1), np.uint8))
        with pytest.raises(RunError, match=SERVED_NAME):
            load_prepared(tmp_path)

    def test_names_the_image_that_cannot_be_read(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        (root / "train/fear/bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        with pytest.raises(DataLayoutError, match=r"train/fear/bad\.png"):
            prepare(root, out=tmp_path / "cache", config=DATA)

    def test_tells_its_progress(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        config = DATA.model_copy(update={"served_share": 0.5})
        seen = stages(root, tmp_path / "cache", config, detector=FixedDetector())
        assert seen["decoding"][0] == (0, 21)
        assert seen["looking for faces"][-1] == (21, 21)


class TestVotes:
    """Stripes whose folder says fear, and judges who say otherwise of some."""

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        root = tmp_path / "data"
        for split, prefix in (("train", "Training"), ("test", "PublicTest")):
            for index in range(12):
                path = root / split / "fear" / f"{prefix}_{index}.png"
                write_image(path, striped(index % 7, seed=index + 50 * len(prefix)))
        return root

    def config(self, root: Path, *, tie: int = 5) -> DataConfig:
        votes = {
            f"{prefix}_{index}.png": {"anger": 7, "fear": 3}
            for prefix in ("Training", "PublicTest")
            for index in range(12)
        }
        votes["Training_0.png"] = {"anger": tie, "fear": 10 - tie}
        votes["Training_1.png"] = {"unknown": 8, "fear": 2}
        table = joined(root.parent / "ferplus" / "votes.csv", votes)
        return DATA.model_copy(update={"votes": (str(table),)})

    def test_are_the_targets_and_the_folder_stays_as_own_label(
        self, root: Path, tmp_path: Path
    ) -> None:
        manifest = prepare(root, out=tmp_path / "cache", config=self.config(root))
        train = load_prepared(tmp_path / "cache").train
        anger, fear = EMOTIONS.index("anger"), EMOTIONS.index("fear")
        assert train.own_labels is not None
        assert set(train.own_labels) == {fear}
        assert train.labels[train.decided].tolist() == [anger] * 10
        assert sorted(train.targets(np.arange(11))[:, anger]) == pytest.approx([0.5, *[0.7] * 10])
        assert train.counts[fear] in {3, 4}  # 10 times 0.3, and 0.5
        assert manifest["left_out"] == {"most_votes_on_no_expression": 1}
        assert manifest["without_majority"] == 1

    def test_without_them_targets_are_the_labels(self, root: Path, tmp_path: Path) -> None:
        manifest = prepare(root, out=tmp_path / "cache", config=DATA)
        train = load_prepared(tmp_path / "cache").train
        assert (train.targets(np.arange(12)) == np.eye(7)[train.labels]).all()
        assert train.decided.all()
        assert "votes_sha256" not in manifest

    def test_other_votes_are_other_data(self, root: Path, tmp_path: Path) -> None:
        first, other = (
            prepare(root, out=tmp_path / str(tie), config=self.config(root, tie=tie))
            for tie in (6, 7)
        )
        assert first["votes_sha256"] != other["votes_sha256"]
        assert first["images_sha256"] == other["images_sha256"]

    def test_another_file_than_the_manifest_says_is_refused(
        self, root: Path, tmp_path: Path
    ) -> None:
        prepare(root, out=tmp_path / "cache", config=self.config(root))
        np.save(tmp_path / "cache" / VOTES_NAME, np.ones((23, 10), np.float32))
        with pytest.raises(RunError, match=VOTES_NAME):
            load_prepared(tmp_path / "cache")

    def test_halves_keep_a_for_validation_and_b_for_testing(
        self, root: Path, tmp_path: Path
    ) -> None:
        config = self.config(root).model_copy(update={"split_rule": "halves"})
        rows = prepare(root, out=tmp_path / "cache", config=config)["images"]
        of_public = [row for row in rows if "PublicTest" in row["path"]]
        assert {row["split"] for row in of_public} == {"validation", "test"}
        for row in of_public:
            assert (row["split"] == "validation") == (row["sha256"][0] < "8")

    def test_the_folder_of_contempt_is_counted(self, root: Path, tmp_path: Path) -> None:
        write_image(root / "train" / "contempt" / "a.png", striped(0, seed=1))
        assert prepare(root, out=tmp_path / "cache", config=DATA)["left_out"] == {"contempt": 1}


def write_rafdb(root: Path) -> Path:
    """RAF-DB's official form: 10 stripes per class with a mirrored, brighter copy each, 2 tests."""
    lines = []
    for number, label in enumerate((0, 1, 2, 3, 5, 4, 6), start=1):
        for index in range(10):
            original = striped(label, seed=index, side=48)
            for copy, pixels in enumerate((original, original[:, ::-1] // 2 + 60)):
                lines.append((f"train_{number}{index:02d}{copy}", number, pixels))
        lines += [
            (f"test_{number}{index}", number, striped(label, seed=500 + index, side=48))
            for index in range(2)
        ]
    for name, _, pixels in lines:
        write_image(root / "Image/aligned" / f"{name}_aligned.jpg", pixels)
    listing = "".join(f"{name}.jpg {number}\n" for name, number, _ in lines)
    (root / "EmoLabel").mkdir()
    (root / "EmoLabel/list_patition_label.txt").write_text(listing)
    return root


@pytest.fixture(scope="module")
def rafdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rafdb(tmp_path_factory.mktemp("rafdb"))


class TestRafdbOfficial:
    def test_cuts_a_tenth_of_train_stratified_and_leaves_test_alone(
        self, rafdb: Path, tmp_path: Path
    ) -> None:
        manifest = prepare(rafdb, out=tmp_path / "cache", config=DATA)
        per_class = {split: set(counts.values()) for split, counts in manifest["counts"].items()}
        assert per_class == {"train": {18}, "validation": {2}, "test": {2}}
        by_name = {
            (row["path"].partition("/train_")[1] != "", row["split"]) for row in manifest["images"]
        }
        assert by_name == {(True, "train"), (True, "validation"), (False, "test")}

    def test_keeps_a_face_and_its_near_copy_on_one_side(self, rafdb: Path, tmp_path: Path) -> None:
        manifest = prepare(rafdb, out=tmp_path / "cache", config=DATA)
        assert manifest["kept_together"] == {"groups": 70, "images": 140, "largest": 2}
        sides: dict[str, list[str]] = {}
        for row in manifest["images"]:
            stem = row["path"].removesuffix("_aligned.jpg")
            if "train_" in stem:
                sides.setdefault(stem[:-1], []).append(row["split"])
        assert len(sides) == 70
        assert all(first == second for first, second in sides.values())
        assert manifest["audit"]["train_near_evaluation"] == 0

    def test_the_cut_has_a_hash_that_another_machine_can_check(
        self, rafdb: Path, tmp_path: Path
    ) -> None:
        first, again = (prepare(rafdb, out=tmp_path / name, config=DATA) for name in "ab")
        other = DATA.model_copy(update={"split_seed": 7})
        moved = prepare(rafdb, out=tmp_path / "c", config=other)
        assert first["splits_sha256"] == again["splits_sha256"] != moved["splits_sha256"]
        assert first["images_sha256"] == moved["images_sha256"]

    def test_tells_how_far_the_comparison_is(self, rafdb: Path, tmp_path: Path) -> None:
        assert stages(rafdb, tmp_path / "cache", DATA)["looking for copies"] == [(1, 1)]

    def test_data_with_a_validation_split_is_not_compared(self, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=2, test=0, val=1)
        assert "looking for copies" not in stages(data, tmp_path / "cache", DATA)


class TestLoadPrepared:
    def test_refuses_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(RunError, match="run prepare first"):
            load_prepared(tmp_path)

    def test_refuses_other_pixels_than_the_manifest_says(self, tmp_path: Path) -> None:
        root = write_image_folder(tmp_path / "data", train=2, test=1)
        prepare(root, out=tmp_path, config=DATA)
        manifest = json.loads((tmp_path / MANIFEST_NAME).read_bytes())
        images = np.load(tmp_path / IMAGES_NAME)
        images[0, 0, 0] ^= 1
        np.save(tmp_path / IMAGES_NAME, images)
        assert manifest["images_sha256"] != sha256_of(tmp_path / IMAGES_NAME)
        with pytest.raises(RunError, match="run prepare again"):
            load_prepared(tmp_path)


class TestUnseen:
    """Data for a model that goes on from one that was trained on some of these images."""

    CONFIG = DATA.model_copy(
        update={"split_rule": "unseen", "test_share": 0.2, "validation_share": 0.15}
    )

    @pytest.fixture
    def faces(self, tmp_path: Path) -> Path:
        return write_class_folders(tmp_path / "faces", per_class=30)

    def seen(self, paths: Sequence[Path]) -> SeenImages:
        return seen_in(
            {"sha256": sha256_of(path), "split": "train", "kept": True} for path in paths
        )

    def test_no_image_of_the_earlier_training_is_tested_on(
        self, faces: Path, tmp_path: Path
    ) -> None:
        trained = sorted(faces.glob("*/00*.png"))  # ten of the thirty of each class
        manifest = prepare(
            faces, out=tmp_path / "cache", config=self.CONFIG, seen=self.seen(trained)
        )
        names = {str(path.relative_to(faces)) for path in trained}
        splits = {row["split"] for row in manifest["images"] if row["path"] in names}
        assert splits == {"train"}
        assert manifest["trained_before"] == len(trained) == 70
        data = load_prepared(tmp_path / "cache")
        assert (len(data.test), len(data.validation)) == (42, 28)

    def test_nor_is_a_near_copy_of_one(self, faces: Path, tmp_path: Path) -> None:
        trained = faces / "fear" / "000.png"
        pixels = cv2.imread(str(trained), cv2.IMREAD_GRAYSCALE)
        write_image(faces / "fear" / "brighter.png", np.minimum(pixels, 240) + 9)
        manifest = prepare(
            faces, out=tmp_path / "cache", config=self.CONFIG, seen=self.seen([trained])
        )
        assert manifest["trained_before"] == 2
        rows = {row["path"]: row["split"] for row in manifest["images"]}
        assert rows["fear/brighter.png"] == rows["fear/000.png"] == "train"

    def test_images_that_the_earlier_model_knows_cannot_test_it(
        self, faces: Path, tmp_path: Path
    ) -> None:
        trained = self.seen(sorted(faces.glob("*/*[1-9].png")))  # all but 21
        with pytest.raises(SeenImagesError, match="189 were in the training of the model"):
            prepare(faces, out=tmp_path / "cache", config=self.CONFIG, seen=trained)

    def test_validation_images_by_name_alone_are_cut_anew(self, tmp_path: Path) -> None:
        faces = write_class_folders(tmp_path / "faces", per_class=30, prefix="PublicTest_")
        manifest = prepare(faces, out=tmp_path / "cache", config=self.CONFIG)
        assert set(manifest["counts"]) == {"train", "validation", "test"}
        assert manifest["facts"]["split_names"] == {}


class TestServedFraming:
    CONFIG = DATA.model_copy(update={"framing": "served"})

    def test_images_are_what_serving_would_crop(self, tmp_path: Path) -> None:
        large = 64
        for label in range(7):
            pixels = striped(label, seed=1, side=large)
            write_image(tmp_path / "faces" / EMOTIONS[label] / "a.png", pixels)
        manifest = prepare(
            tmp_path / "faces",
            out=tmp_path / "cache",
            config=self.CONFIG,
            detector=FixedDetector(),
        )
        images = np.load(tmp_path / "cache" / IMAGES_NAME)
        spec = InputSpec(size=SIDE, channels=1, crop_margin=0, mean=(0.0,), std=(1.0,))
        row = next(row for row in manifest["images"] if row["label"] == 3)
        canvas = on_canvas(striped(3, seed=1, side=large))
        expected = crop_face(canvas, FixedDetector.BOX, spec)
        assert (images[manifest["images"].index(row)] == expected).all()
        assert row["found"]
        assert not (tmp_path / "cache" / SERVED_NAME).exists()

    def test_needs_to_be_told_the_crop(self) -> None:
        with pytest.raises(ValueError, match=r"needs data\.crop_margin, centre_dx and centre_dy"):
            DataConfig(framing="served")
