// What the name of a user or wall may be, and which names a reader takes for one another. Names
// that are added with the command line follow this; those of an application's own tables are what
// they are. Any thread; nothing is kept. Unicode is ICU's: of the Unicode Standard UAX #15 (normal
// forms), of UTS #39, section 4, what looks alike ("skeletons"); the rules are close to RFC 8266
// (nicknames).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace db {

// Letters with their accents in one piece (NFC), which is how names are kept. What is not UTF-8 is
// returned as it is.
std::string composed(std::string_view name);

// The ways in which a keyboard or another system may have written it: as given, NFC, NFD. They look
// the same on every screen.
std::array<std::string, 3> spellings(std::string_view name);

// Why this may not be a name, as the end of "The name of a wall …": "has U+202E RIGHT-TO-LEFT
// OVERRIDE, which …". None: it may. `name` is valid UTF-8, composed.
std::optional<std::string> fault_in_name(std::string_view name);

// For a terminal or a sentence: what a name may not hold is written as <U+202E>.
std::string shown(std::string_view name);

// The same for two names that a reader cannot tell apart: letters of other scripts that look alike,
// compatibility forms (full-width, mathematical), what is invisible, spaces of any kind. Only for
// comparing: it is no name, and differs between versions of Unicode.
std::string look_of(std::string_view name);

} // namespace db
