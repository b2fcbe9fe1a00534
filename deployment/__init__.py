"""The deployment as a test: docker-compose.yml's services as processes of this machine, taken through what a deployment meets.

`python -m deployment`, or `make test-deployment`. Each service gets the environment that docker-compose.yml gives it.
"""
