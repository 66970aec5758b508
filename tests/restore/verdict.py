"""What clients show in the end, compared with what the database holds; and whether they were told exactly when
something was lost."""

import dataclasses


@dataclasses.dataclass
class Wall:
    head: int
    posts: dict  # post -> (entry, user, text)
    members: set


def truth(database):
    """wall -> Wall, as the database has it."""
    walls = {wall: Wall(head, {}, set()) for wall, head in database.rows(
        "select w.id, coalesce(h.last_entry, 0) from pollster.walls w left join pollster.heads h on h.wall_id = w.id")}
    for wall, post, entry, user, body in database.rows(
            "select p.wall_id, p.id, e.id, p.user_id, p.body from pollster.posts p "
            "left join pollster.entries e on e.post_id = p.id and e.wall_id = p.wall_id and e.kind = 'post'"):
        walls[wall].posts[post] = (entry, user, body)
    for user, wall in database.rows("select user_id, wall_id from pollster.memberships"):
        walls[wall].members.add(user)
    return walls


def differences(client, walls):
    """Between a client's screen and the walls it may see; "" if there are none."""
    for number, wall in walls.items():
        if client.user not in wall.members or number not in client.shown:
            continue
        shown = client.shown[number]
        for post in shown.posts.keys() - wall.posts.keys():
            return f"on wall {number} it keeps {shown.posts[post][2]!r} (entry {shown.posts[post][0]}), which the database has lost"
        for post in wall.posts.keys() - shown.posts.keys():
            return f"on wall {number} it never got {wall.posts[post][2]!r} (entry {wall.posts[post][0]})"
        for post, is_there in wall.posts.items():
            if shown.posts[post] != is_there:
                return f"on wall {number} it shows post {post} as {shown.posts[post]}, the database has {is_there} (entry, user, text)"
        if shown.cursor != wall.head:
            return f"on wall {number} its cursor is {shown.cursor}, the newest entry is {wall.head}"
    return ""


def judge(clients, walls, lost, saw_lost, quiet):
    """What is wrong, in words. lost: texts that were written and are in the database no more; saw_lost: clients that
    must have been shown some of them, or the run shows nothing; quiet: nobody may hear of a reset or a new epoch."""
    wrong = []
    for client in clients:
        wrong += [f"{client.name}: {what}" for what in client.wrong]
        if difference := differences(client, walls):
            wrong.append(f"{client.name}: {difference}")
        if client.empty > 20:
            wrong.append(f"{client.name}: {client.empty} of its {client.answers} polls were answered with nothing")
        if quiet:
            wrong += untroubled(client)
    for client in saw_lost:
        if not any(text in lost for texts in client.seen.values() for text in texts):
            wrong.append(f"nothing is shown: {client.name} never had anything that was lost")
    return wrong


def untroubled(client):
    """Where nothing was lost nobody is told anything."""
    for number, shown in client.shown.items():
        if shown.resets:
            yield f"{client.name}: a reset on wall {number}, although nothing was lost: {shown.resets[0]}"
        if len(shown.epochs) > 1:
            yield f"{client.name}: wall {number} had the epochs {shown.epochs}, although nothing was lost"


def agree(clients, walls):
    """Whether all clients hold the same epoch of each wall, and what differs."""
    for number, wall in walls.items():
        held = {c.name: c.shown[number].epoch for c in clients if c.epochs and c.user in wall.members and number in c.shown}
        if len(set(held.values())) > 1:
            yield f"the clients hold different epochs of wall {number}: {held}"
