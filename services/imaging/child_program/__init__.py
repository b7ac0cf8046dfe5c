"""The program of a child: it confines itself, then decodes and draws what it is sent (ADR 0021)."""
