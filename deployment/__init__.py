"""The deployment as a test: docker-compose.yml's services as processes of this machine, through restarts, kills, moves.

`python -m deployment`, or `make test-deployment`. Each service gets the environment that docker-compose.yml gives it.
"""
