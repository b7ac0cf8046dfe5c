"""docker-compose.yml on a real engine, row by row: what ``scripts/compose_check.sh`` runs."""
