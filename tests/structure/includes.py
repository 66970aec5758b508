"""Which folder includes which: read from the sources, allowed by ALLOWED, documented in docs/ARCHITECTURE.md."""
import re

# A folder may include itself and these. A folder that is not named here may not hold C++ (tests and bench aside).
ALLOWED = {
    'text': set(),
    'fibers': set(),
    'durations': set(),
    'walls': {'durations', 'fibers'},
    'passwords': {'text'},
    'signed_tokens': {'text'},
    'db': {'text', 'durations', 'fibers', 'walls', 'passwords'},
    'fcgi_app/fastcgi': {'text', 'fibers'},
    'fcgi_app/http': {'text', 'walls'},
    'fcgi_app/limits': set(),
    'fcgi_app/routes': {'text', 'durations', 'fibers', 'walls', 'db', 'fcgi_app/fastcgi', 'fcgi_app/http',
                        'fcgi_app/limits'},
    'fcgi_app/adapters': {'fibers', 'walls', 'fcgi_app/fastcgi', 'fcgi_app/http', 'fcgi_app/routes'},
    'fcgi_app/log': {'text'},
    'fcgi_app/config': {'text', 'walls', 'signed_tokens', 'db', 'fcgi_app/fastcgi', 'fcgi_app/routes',
                        'fcgi_app/adapters', 'fcgi_app/log'},
    'fcgi_app': {'fibers', 'walls', 'signed_tokens', 'db', 'fcgi_app/fastcgi', 'fcgi_app/http', 'fcgi_app/limits', 'fcgi_app/routes',
                 'fcgi_app/adapters', 'fcgi_app/log', 'fcgi_app/config'},
    'fcgi_app/cli': {'text', 'signed_tokens', 'db', 'fcgi_app/fastcgi', 'fcgi_app/config'},
}
# The one that starts the command line: main.cpp.
EXCEPTIONS = {('fcgi_app/main.cpp', 'fcgi_app/cli/account.hpp'), ('fcgi_app/main.cpp', 'fcgi_app/cli/command.hpp')}
# A request and the connection that it came by are one thing in two classes.
PART_OF = {'fcgi_app/fastcgi/pending_request': 'fcgi_app/fastcgi/connection'}

LIBRARY = re.compile(r'^\s*#\s*include\s+<([^>]+)>', re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def folder_of(path, allowed=ALLOWED):
    """The deepest folder of `allowed` that holds `path`; None: none does."""
    inside = [folder for folder in allowed if path.startswith(folder + '/')]
    return max(inside, key=len, default=None)


def includes_below(root, folders=('text', 'durations', 'fibers', 'walls', 'passwords', 'signed_tokens', 'db', 'fcgi_app')):
    """{file: [included file, ...]} of all C++ below `root`, paths from there."""
    found = {}
    for folder in folders:
        for file in sorted((root / folder).rglob('*.[ch]pp')):
            found[file.relative_to(root).as_posix()] = INCLUDE.findall(file.read_text(encoding='utf-8'))
    return found


def forbidden(includes, allowed=None, exceptions=frozenset(EXCEPTIONS)):
    """A sentence for each include that goes where it may not."""
    allowed = ALLOWED if allowed is None else allowed
    wrong = []
    for file, included in includes.items():
        here = folder_of(file, allowed)
        if here is None:
            wrong.append(f'{file} is in a folder that nobody has placed')
            continue
        for path in included:
            there = folder_of(path, allowed)
            if there is None:
                wrong.append(f'{file} includes {path}, which is in none of our folders')
            elif there != here and there not in allowed[here] and (file, path) not in exceptions:
                wrong.append(f'{file} includes {path}: {here}/ may not include {there}/')
    return wrong


def parts(includes, part_of=None):
    """The same with a header and the source of its name as one node, named without the ending."""
    part_of = PART_OF if part_of is None else part_of

    def part(path):
        name = path.rsplit('.', 1)[0]
        return part_of.get(name, name)

    found = {}
    for file, included in includes.items():
        found.setdefault(part(file), set()).update(part(path) for path in included)
    return {node: others - {node} for node, others in found.items()}


def circle(edges):
    """A list of nodes, each with an edge to the next and the last to the first; None: there is no circle."""
    done, path = set(), []

    def visit(node):
        if node in path:
            return path[path.index(node):]
        if node in done:
            return None
        path.append(node)
        for following in sorted(edges.get(node, ())):
            found = visit(following)
            if found:
                return found
        path.pop()
        done.add(node)
        return None

    for node in sorted(edges):
        found = visit(node)
        if found:
            return found
    return None


def table_of(page):
    """{folder: {folders that it may include}} as the table of the page says; what is not in backquotes is prose."""
    section = page.split('## Folders look down only', 1)[1].split('\n## ', 1)[0]
    table = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.split('|')]
        if len(cells) < 5:
            continue
        for folder in re.findall(r'`([a-z_/]+)/`', cells[1]):
            table[folder] = set(re.findall(r'`([a-z_/]+)/`', cells[3]))
    return table
