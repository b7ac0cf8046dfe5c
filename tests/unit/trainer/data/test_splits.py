import numpy as np
import pytest

from services.trainer.config import DataConfig
from services.trainer.data.layouts import Split
from services.trainer.data.splits import (
    complete_splits,
    cut_from,
    refuse_too_few,
    splits_for_unseen,
    spread,
)
from services.trainer.errors import DataLayoutError, SeenImagesError

CONFIG = DataConfig(validation_share=0.1, test_share=0.2)
LABELS = np.repeat(np.arange(7), 50)


def cut(splits, groups=(), config=CONFIG):  # noqa: ANN001, ANN201
    return complete_splits(splits, labels=LABELS, groups=groups, config=config)


class TestCompleteSplits:
    def test_leaves_given_splits_alone(self) -> None:
        given = [Split.TRAIN, Split.VALIDATION] * 175
        assert cut(given).tolist() == given

    def test_cuts_every_class_alike(self) -> None:
        splits = cut([None] * 350)
        for label in range(7):
            mine = splits[label == LABELS]
            assert (mine == Split.TEST).sum() == 10
            assert (mine == Split.VALIDATION).sum() == 4  # a tenth of the 40 left

    def test_cuts_only_validation_when_a_test_set_is_given(self) -> None:
        given = [Split.TEST if i % 5 == 0 else Split.TRAIN for i in range(350)]
        splits = cut(given)
        assert (splits == Split.TEST).sum() == 70
        assert (splits == Split.VALIDATION).sum() == 28

    def test_cuts_no_test_set_when_the_folders_bring_splits(self) -> None:
        assert Split.TEST not in cut([Split.TRAIN] * 350)

    def test_is_repeatable_and_depends_on_the_seed(self) -> None:
        other = CONFIG.model_copy(update={"split_seed": 7})
        first, again = cut([None] * 350), cut([None] * 350)
        assert first.tolist() == again.tolist()
        assert first.tolist() != cut([None] * 350, config=other).tolist()

    def test_keeps_copies_on_one_side_even_across_labels(self) -> None:
        groups = [[index, index + 50] for index in range(50)]  # label 0 with label 1
        for seed in range(5):
            config = CONFIG.model_copy(update={"split_seed": seed})
            splits = cut([None] * 350, groups=groups, config=config)
            assert (splits[:50] == splits[50:100]).all()
            assert (splits[50:100] == Split.TEST).sum() == 10

    def test_a_group_larger_than_the_share_stays_in_training(self) -> None:
        chain = list(range(30))  # of the 50 of label 0; the test set wants 10, validation 4
        for seed in range(5):
            config = CONFIG.model_copy(update={"split_seed": seed})
            splits = cut([None] * 350, groups=[chain], config=config)
            assert (splits[chain] == Split.TRAIN).all()
            assert (splits[:50] == Split.TEST).sum() == 10

    def test_groups_do_not_change_how_many_are_cut(self) -> None:
        pairs = [[index, index + 1] for index in range(0, 350, 2)]
        splits = cut([None] * 350, groups=pairs)
        assert (splits == Split.TEST).sum() == 70
        assert (splits == Split.VALIDATION).sum() == 28


class TestCutFrom:
    def test_is_everything_when_nothing_is_told(self) -> None:
        assert cut_from([None] * 3).tolist() == [0, 1, 2]

    def test_is_the_training_images_when_validation_is_missing(self) -> None:
        assert cut_from([Split.TEST, Split.TRAIN, None]).tolist() == [1, 2]

    def test_is_nothing_when_the_data_brings_validation(self) -> None:
        assert len(cut_from([Split.TRAIN, Split.VALIDATION, None])) == 0


class TestUnseen:
    """Cuts for a model that goes on from one that was trained on some of the images."""

    TRAINED = np.arange(350) % 5 == 0

    def test_what_was_trained_on_stays_in_training(self) -> None:
        splits = complete_splits(
            [None] * 350, labels=LABELS, groups=(), config=CONFIG, trained=self.TRAINED
        )
        assert set(splits[self.TRAINED]) == {Split.TRAIN}
        assert (splits == Split.TEST).sum() == 70  # as many as ever
        assert (splits == Split.VALIDATION).sum() == 28

    def test_of_few_others_three_in_five_are_tested_on(self) -> None:
        trained = np.arange(350) % 50 >= 10  # 10 of each class are new
        config = CONFIG.model_copy(update={"validation_share": 0.15})
        splits = complete_splits(
            [None] * 350, labels=LABELS, groups=(), config=config, trained=trained
        )
        assert (splits == Split.TEST).sum() == 42
        assert (splits == Split.VALIDATION).sum() == 28

    def test_copies_of_what_was_trained_on_count_as_such(self) -> None:
        flags = np.array([True, False, False, False])
        assert spread(flags, [[0, 2], [1, 3]]).tolist() == [True, False, True, False]

    def test_a_test_set_that_was_brought_loses_what_was_trained_on(self) -> None:
        given = [Split.TRAIN, Split.TEST, Split.TEST, Split.VALIDATION]
        found = splits_for_unseen(given, trained=np.array([False, True, False, True]))
        assert found == [Split.TRAIN, Split.TRAIN, Split.TEST, Split.TRAIN]

    @pytest.mark.parametrize("given", [[Split.VALIDATION] * 3, [Split.TRAIN] * 3, [None] * 3])
    def test_without_a_test_set_all_are_cut_anew(self, given: list[Split | None]) -> None:
        assert splits_for_unseen(given, trained=np.zeros(3, dtype=bool)) == [None] * 3

    def test_too_few_left_to_test_on_are_refused(self) -> None:
        splits = np.array([Split.TRAIN] * 300 + [Split.TEST] * 29 + [Split.VALIDATION] * 21)
        with pytest.raises(SeenImagesError, match="there are 29 and 21, as 300 were in the train"):
            refuse_too_few(splits, trained=splits == Split.TRAIN)
        with pytest.raises(SeenImagesError, match="or give the class folders without train/"):
            refuse_too_few(splits, trained=splits == Split.TRAIN, brought=True)
        with pytest.raises(DataLayoutError, match="Add images: 200 or more"):
            refuse_too_few(splits, trained=np.zeros(350, dtype=bool))
        splits[0] = Split.TEST
        refuse_too_few(splits, trained=splits == Split.TRAIN)
