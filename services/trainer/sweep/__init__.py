"""A search over settings of a recipe: many short runs, few long ones.

Successive halving (Jamieson & Talwalkar, arXiv 1502.07943; the inner loop of Hyperband, Li et
al., arXiv 1603.06560): all candidates train for the first rung's epochs, the best share of them
continues to the next. A third by default, as the default rungs (2, 6 and all epochs) grow by
three: each rung then costs about the same. One rung alone is a plain comparison.

**Every run is planned for the last rung and paused at the others.** The schedule is that of the
whole run from the first step on, and a candidate that continues is resumed exactly where it
stopped. So no epoch is trained twice, no cosine is cut, and the winner's folder is exactly the run
that ``train`` makes of its settings: it can be evaluated and exported. The price: an early rung
looks at networks whose learning rate has hardly fallen (the averaged weights make up for some of
it), so that settings which pay off late (a high rate, strong augmentation, a warm-up as long as the
rung) are undervalued there. A full short schedule per rung would rank those more fairly, at two
fifths more for a winner (2 + 6 + 20 epochs in place of 20), and would rank them for a shorter
schedule than the one in question. Where it matters, use one rung.

Candidates are evaluated on validation only, never on test.

    sweep.json             what was asked, and every outcome: the search continues from this file
    sweep.csv, .md, .svg   table and plot
    data/KEY/              prepared once per ``DataConfig``
    candidates/KEY/seed-N/ a run folder; KEY is a hash of the candidate's whole recipe

Runs that are dropped keep their log and lose their checkpoints: 12 candidates of hfer v0's network
would leave 14 GB.
"""
