"""What openapi_test asks of circles: every answer that the document names."""

ENTITY = "/api/v1/entities/{id}"


def provoke(here, there, until, check):
    path = "/api/v1/circles"
    one = path + "/{id}"
    nobody, nowhere = "a" * 52, "c" + "a" * 26
    here.call("POST", path, 422, {"name": "\u202e"}, code="bad_name")
    circle = here.call("POST", path, 201, {"name": "family"}).json()["id"]
    here.call("GET", one, 200, id=circle)
    here.call("GET", one, 404, id=nowhere, code="circle_not_found")
    here.call("GET", one, 404, id="family", code="circle_not_found")
    invite = one + "/invitations"
    here.call("POST", invite, 422, {"home": here.id}, id=circle, code="home_is_own")
    here.call("POST", invite, 422, {}, id=circle, code="bad_document")
    here.call("POST", invite, 404, {"home": nobody}, id=circle, code="home_not_found")
    here.call("POST", invite, 202, {"home": there.id}, id=circle)
    check(here.call("GET", path, 200).json()["items"][0]["invitations"][0]["home"] == there.id, "the invitation is listed")
    until(lambda: there.send("GET", path).json()["items"], "the invitation to arrive")
    there.call("GET", one, 200, id=circle)
    there.call("POST", invite, 409, {"home": here.id}, id=circle, code="not_a_member")
    there.call("POST", one + "/accept", 404, id=nowhere, code="circle_not_found")
    there.call("POST", one + "/accept", 202, id=circle)
    until(lambda: there.send("GET", path).json()["items"][0]["state"] == "member", "the member to be one")
    there.call("POST", one + "/accept", 409, id=circle, code="already_member")
    joined = there.call("GET", one, 200, id=circle).json()
    check(not any(member["forgotten"] for member in joined["members"]) and joined["progress"] is None, "nothing is to come, nobody forgotten")
    here.call("POST", invite, 409, {"home": there.id}, id=circle, code="already_member")
    there.call("PUT", ENTITY, 201, {"fields": {"colour": "green"}}, {"If-None-Match": "*"}, id="preference.theme@" + circle)
    until(lambda: here.send("GET", "/api/v1/entities/preference.theme@" + circle).status == 200, "the circle's entity to arrive")

    rules = one + "/rules"
    wanted = {"rows": [{"pattern": "app.*", "home": there.id, "access": "read"}], "strategies": [{"pattern": "app.*", "strategy": "merge"}]}
    here.call("PUT", rules, 200, wanted, id=circle)
    here.call("PUT", rules, 422, {"rows": [{"pattern": "app.*", "access": "none"}]}, id=circle, code="bad_document")
    here.call("PUT", rules, 422, {"strategies": [{"strategy": "best"}]}, id=circle, code="unknown_strategy")
    here.call("PUT", rules, 400, {"rows": [{"pattern": "A b", "access": "read"}]}, id=circle, code="bad_id")
    here.call("PUT", rules, 404, wanted, id=nowhere, code="circle_not_found")
    there.call("PUT", rules, 202, {"rows": []}, id=circle)
    until(lambda: here.send("GET", path + "/" + circle).json()["pending"], "the wish to arrive")
    wish = here.call("GET", one, 200, id=circle).json()["pending"][0]["id"]
    answer = one + "/requests/{request}"
    there.call("POST", answer, 403, {"accept": True}, id=circle, request=wish, code="not_keeper")
    here.call("POST", answer, 422, {}, id=circle, request=wish, code="bad_document")
    here.call("POST", answer, 404, {"accept": True}, id=circle, request="nothing", code="wish_not_found")
    here.call("POST", answer, 200, {"accept": False}, id=circle, request=wish)
    here.call("POST", answer, 200, {"accept": True}, id=circle, request=wish)
    members = one + "/members/{home}"
    here.call("DELETE", members, 404, id=circle, home=nobody, code="home_not_found")
    here.call("DELETE", members, 409, id=circle, home=here.id, code="keeper_must_hand_over")
    here.call("POST", members + "/trust", 404, id=circle, home=there.id, code="home_not_found")
    here.call("POST", one + "/insist", 200, id=circle)
    here.call("POST", one + "/insist", 404, id=nowhere, code="circle_not_found")

    keeper = one + "/keeper"
    there.call("PUT", keeper, 202, {"home": there.id}, id=circle)
    here.call("PUT", keeper, 404, {"home": nobody}, id=circle, code="home_not_found")
    here.call("PUT", keeper, 422, {}, id=circle, code="bad_document")
    here.call("PUT", keeper, 200, {"home": there.id}, id=circle)
    until(lambda: there.send("GET", path + "/" + circle).json()["keeper"] == there.id, "the keeper to hear of it")
    here.call("DELETE", members, 202, id=circle, home=here.id)
    until(lambda: not here.send("GET", path).json()["items"], "the home to have left")
    here.call("GET", ENTITY, 410, id="preference.theme@" + circle, code="no_longer_shared")
    there.call("DELETE", members, 200, id=circle, home=there.id)

    # One more, of which a member waits to be heard.
    circle = here.call("POST", path, 201, {"name": "other"}).json()["id"]
    here.call("POST", invite, 202, {"home": there.id}, id=circle)
    until(lambda: there.send("GET", path).json()["items"], "the invitation to arrive")
    there.call("DELETE", members, 200, id=circle, home=there.id)
    until(lambda: not here.send("GET", path + "/" + circle).json()["invitations"], "the refusal to arrive")
    for number in range(70):
        answered = here.send("POST", path, {"name": "circle %d" % number})
        if answered.status != 201:
            break
    here.call("POST", path, 409, {"name": "one too many"}, code="circles_full")
    for item in here.send("GET", path).json()["items"]:
        here.call("DELETE", members, 200, id=item["id"], home=here.id)
