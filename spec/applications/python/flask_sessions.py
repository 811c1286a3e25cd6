"""Scenario of spec/applications/python_spec.rb with Flask-Session: two web applications share their sessions."""

import flask
import flask_session
import redis

from scenario import OTHER_PORT, PORT, run


def application(port):
    app = flask.Flask(__name__)
    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=redis.Redis(port=port), SECRET_KEY="secret")
    flask_session.Session(app)

    @app.route("/")
    def visit():
        flask.session["visits"] = flask.session.get("visits", 0) + 1
        return str(flask.session["visits"])

    @app.route("/leave")
    def leave():
        flask.session.clear()
        return "left"

    return app


def visits():
    apps = [application(PORT), application(OTHER_PORT)]
    first = apps[0].test_client()
    texts = [first.get("/").text]
    cookie = next(iter(first.cookie_jar))
    second = apps[1].test_client()
    second.set_cookie("localhost", cookie.name, cookie.value)
    for client in (second, first, second):
        texts.append(client.get("/").text)
    stranger = apps[1].test_client().get("/").text
    server = redis.Redis(port=PORT)
    keys = server.keys("session:*")
    ttl = server.ttl(keys[0])
    second.get("/leave")
    return {"visits": texts, "stranger": stranger, "keys": len(keys), "ttl": ttl > 3600, "left": len(server.keys("*"))}


run(globals())
