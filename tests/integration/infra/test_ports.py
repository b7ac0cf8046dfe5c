"""Free ports on a machine where others look for some too."""

import socket

from infra.local.ports import FIRST_PORT, LAST_PORT, PortBook, is_free


class TestPortBook:
    def test_never_hands_one_out_twice(self) -> None:
        with PortBook() as mine, PortBook() as yours:
            taken = [book.take() for book in (mine, yours) for _ in range(50)]
        assert len(set(taken)) == 100
        assert all(FIRST_PORT <= port <= LAST_PORT for port in taken)

    def test_refuses_a_wanted_port_that_another_book_holds(self) -> None:
        with PortBook() as mine, PortBook() as yours:
            port = mine.take()
            assert yours.take(port) != port

    def test_refuses_a_wanted_port_that_a_server_uses(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, PortBook() as book:
            port = server.getsockname()[1]
            assert not is_free(port)
            assert book.take(port) != port

    def test_gives_claims_back(self) -> None:
        with PortBook() as first:
            port = first.take()
        with PortBook() as second:
            assert second.take(port) == port
