"""The grid's modules without a grid: layouts, scroll range, selection, keys."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from services.web.app import create_app
from services.web.settings import WebSettings
from tests.fixtures.serving import served

IMPORTS = """
const load = (name) => import(`/static/grid/${name}.js`);
const [{ EqualTiles }, { JustifiedRows }, { ScrollRange }, ranges, keys, { Order }] =
  await Promise.all(["tiles", "rows", "range", "selection", "keys", "order"].map(load));
const { Selection, selectionOf } = ranges;
"""


@pytest.fixture(scope="module")
def modules(browser: Browser) -> Iterator[Page]:
    """A page of the site, without an API behind it."""
    silent = httpx.MockTransport(lambda _request: httpx.Response(404))
    app = create_app(WebSettings(api_key="hfer_dev_x"), transport=silent)
    with served(app) as url:
        page = browser.new_page()
        page.goto(f"{url}/notice")
        yield page
        page.close()


def run(page: Page, body: str) -> Any:
    return page.evaluate(f"async () => {{ {IMPORTS} {body} }}")


class TestEqualTiles:
    def test_rows_follow_from_positions(self, modules: Page) -> None:
        found = run(
            modules,
            """const tiles = new EqualTiles(10, { width: 400, size: 96, gap: 4 });
            return [tiles.columns, tiles.rows, tiles.height, tiles.rowOf(9), tiles.end(2),
              tiles.rowAt(104), tiles.rowAt(-5), tiles.rowAt(1e9), tiles.across(2)]""",
        )
        side = 97.0
        assert found[:8] == [4, 3, 3 * side + 8, 2, 10, 1, 0, 2]
        assert found[8] == [{"x": 0, "width": side}, {"x": side + 4, "width": side}]

    def test_a_screen_narrower_than_a_tile_has_one_column(self, modules: Page) -> None:
        assert run(
            modules,
            """const tiles = new EqualTiles(3, { width: 90, size: 200, gap: 4 });
            return [tiles.columns, tiles.side, tiles.rows]""",
        ) == [1, 90, 3]


class TestJustifiedRows:
    def test_rows_fill_the_width_in_about_the_height_asked_for(self, modules: Page) -> None:
        rows = run(
            modules,
            """const ratios = Uint16Array.from({ length: 500 }, (_, at) => 60 + (at * 37) % 140);
            const rows = new JustifiedRows(ratios, { width: 1000, size: 200, gap: 4 });
            rows.advance(500);
            return Array.from({ length: rows.rows }, (_, row) => {
              const last = rows.across(row).at(-1);
              return [rows.start(row), rows.end(row), rows.tall(row), last.x + last.width];
            })""",
        )
        assert [row[0] for row in rows] == [0, *(row[1] for row in rows[:-1])]
        assert rows[-1][1] == 500
        assert all(row[3] == pytest.approx(1000) for row in rows[:-1])
        assert all(130 < row[2] < 310 for row in rows)
        assert rows[-1][2] <= 200

    def test_it_is_laid_out_piece_by_piece_as_at_once(self, modules: Page) -> None:
        pieces, at_once = run(
            modules,
            """const ratios = Uint16Array.from({ length: 5000 }, (_, at) => (at * 53) % 250);
            const box = { width: 1000, size: 120, gap: 4 };
            const [one, other] = [new JustifiedRows(ratios, box), new JustifiedRows(ratios, box)];
            let calls = 0;
            while (!one.advance(700)) calls += 1;
            other.advance(5000);
            const all = (rows) => [rows.height, ...rows.starts.subarray(0, rows.rows + 1)];
            if (calls < 5) throw new Error("laid out in one piece");
            return [all(one), all(other)]""",
        )
        assert pieces == at_once

    def test_rows_are_found_by_position_and_by_place(self, modules: Page) -> None:
        assert (
            run(
                modules,
                """const ratios = new Uint16Array(3000).fill(150);
            const rows = new JustifiedRows(ratios, { width: 1000, size: 150, gap: 4 });
            rows.advance(3000);
            for (let row = 0; row < rows.rows; row += 1) {
              const [start, end, top] = [rows.start(row), rows.end(row), rows.top(row)];
              const found = [rows.rowOf(start), rows.rowOf(end - 1), rows.rowAt(top)];
              if (![...found, rows.rowAt(top + 9)].every((one) => one === row)) return [row, found];
            }
            return "all" """,
            )
            == "all"
        )


class TestScrollRange:
    def test_what_fits_a_browser_is_not_scaled(self, modules: Page) -> None:
        assert run(
            modules,
            """const range = new ScrollRange(10_000_000, 900);
            range.scrolled(5_000_000);
            return [range.box, range.view, range.shift]""",
        ) == [10_000_000, 5_000_000, 0]

    def test_the_ends_of_a_scaled_range_are_the_ends(self, modules: Page) -> None:
        box, views = run(
            modules,
            """const range = new ScrollRange(38_000_000, 800);
            const at = (place) => { range.scrolled(place); return range.view; };
            const end = range.farthest;
            return [range.box, [at(end), at(end - 50), at(0), at(end / 2)]]""",
        )
        assert box < 10_000_000
        assert views == [37_999_200, 37_999_150, 0, 37_999_200 / 2]

    def test_the_wheel_moves_by_pixels_and_each_one_is_reached(self, modules: Page) -> None:
        """Steps of a wheel from place to place, set right at rest as the grid does."""
        assert (
            run(
                modules,
                """const range = new ScrollRange(38_000_000, 800);
            range.scrolled(4_000_000);
            const before = range.view;
            for (let step = 0; step < 1000; step += 1) {
              range.scrolled(range.place + 100);
              range.show(range.view);
            }
            return Math.round(range.view - before)""",
            )
            == 100_000
        )

    def test_a_lower_range_shows_its_end(self, modules: Page) -> None:
        assert run(
            modules,
            """const range = new ScrollRange(5_000, 500);
            range.scrolled(4_000);
            range.resize(1_000, 500);
            return [range.view, range.place]""",
        ) == [500, 500]


class TestSelection:
    def test_it_is_named_in_the_order_sent(self, modules: Page) -> None:
        assert run(
            modules,
            """const chosen = new Selection();
            chosen.add(0, 4); chosen.add(5, 6);
            const index = new Int32Array([7, 5, 6, 20, 1, 3]);
            const photos = selectionOf(chosen, new Order({ index }));
            const face_index = new Int16Array([1, 0, 0, 12, 0, 2]);
            return [photos, selectionOf(chosen, new Order({ index, face_index }))]""",
        ) == ["3,5-7,20", "3.2,5.0,6.0,7.1,20.12"]

    def test_ranges_join_and_part(self, modules: Page) -> None:
        assert run(
            modules,
            """const chosen = new Selection();
            chosen.add(10, 20); chosen.add(30, 40); chosen.add(20, 25); chosen.add(24, 30);
            const joined = structuredClone(chosen.ranges);
            chosen.toggle(15); chosen.remove(0, 11);
            const has = [10, 11, 15, 39, 40].map((at) => chosen.has(at));
            return [joined, chosen.ranges, chosen.size, has]""",
        ) == [
            [[10, 40]],
            [[11, 15], [16, 40]],
            28,
            [False, True, False, True, False],
        ]

    def test_a_range_is_drawn_further_and_back_from_its_anchor(self, modules: Page) -> None:
        assert run(
            modules,
            """const chosen = new Selection();
            chosen.toggle(50); chosen.toggle(100);
            chosen.extend(200); chosen.extend(90); chosen.extend(95);
            return chosen.ranges""",
        ) == [[50, 51], [95, 101]]

    def test_the_anchor_stays_when_its_tile_is_deselected(self, modules: Page) -> None:
        assert run(
            modules,
            """const chosen = new Selection();
            chosen.toggle(5); chosen.toggle(5); chosen.extend(8);
            return chosen.ranges""",
        ) == [[5, 9]]

    def test_it_goes_along_into_another_order(self, modules: Page) -> None:
        assert run(
            modules,
            """const order = (...index) => new Order({ index: Int32Array.from(index) });
            const chosen = new Selection();
            chosen.add(1, 4);
            return chosen.moved(order(9, 8, 7, 6, 5), order(6, 5, 9, 8)).ranges""",
        ) == [[0, 1], [3, 4]]


class TestKeys:
    def test_moves_go_where_the_eye_does(self, modules: Page) -> None:
        assert run(
            modules,
            """const tiles = new EqualTiles(23, { width: 500, size: 96, gap: 4 });
            const go = (move, from) => keys.target(move, from, tiles, 250);
            const moves = ["down", "up", "left", "right", "row-start", "row-end", "first", "last"];
            const ends = [go("up", 2), go("down", 19), go("left", 0), go("right", 22)];
            const pages = [go("page-down", 1), go("page-up", 21)];
            return [...moves.map((move) => go(move, 7)), ...ends, ...pages]""",
        ) == [12, 2, 6, 8, 5, 9, 0, 22, 2, 22, 0, 22, 11, 6]

    @pytest.mark.parametrize(
        ("event", "action"),
        [
            ({"key": "ArrowLeft", "shiftKey": True}, {"move": "left", "extend": True}),
            ({"key": "End", "ctrlKey": True, "shiftKey": False}, {"move": "last", "extend": False}),
            ({"key": "a", "code": "KeyA", "ctrlKey": True}, {"act": "all"}),
            ({"key": "a", "code": "KeyA", "metaKey": True}, {"act": "all"}),
            ({"key": " ", "code": "Space"}, {"act": "toggle"}),
            ({"key": " ", "code": "Space", "shiftKey": True}, {"act": "extend"}),
            ({"key": "Escape"}, {"act": "clear"}),
            ({"key": "?", "shiftKey": True}, {"act": "help"}),
            ({"key": "ArrowLeft", "altKey": True}, None),
            ({"key": "ArrowLeft", "isComposing": True}, None),
            ({"key": "r", "code": "KeyR", "ctrlKey": True}, None),
        ],
    )
    def test_what_a_key_means(self, modules: Page, event: Any, action: Any) -> None:
        script = f"async event => {{ {IMPORTS} return keys.actionOf(event); }}"
        assert modules.evaluate(script, event) == action

    @pytest.mark.parametrize(
        ("code", "key", "digit"),
        [
            ("Digit1", "&", 1),
            ("Digit7", "7", 7),
            ("Numpad3", "3", 3),
            ("Numpad3", "PageDown", None),
            ("KeyA", "a", None),
        ],
    )
    def test_digits_go_by_place(
        self, modules: Page, code: str, key: str, digit: int | None
    ) -> None:
        script = f"async event => {{ {IMPORTS} return keys.digitOf(event); }}"
        assert modules.evaluate(script, {"code": code, "key": key}) == digit
