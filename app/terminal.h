// What the screen is like, if there is one. Thread-safety: pure but for what they ask the system.
#pragma once

#include <string>
#include <string_view>

namespace larder {

bool IsTerminal(int fd);
// Of the terminal behind `fd`; 80 when that is not known.
int Columns(int fd);
// Whether to colour what goes to `fd`: a terminal that is not "dumb", and NO_COLOR is not set
// (no-color.org).
bool WantsColour(int fd);

enum class Colour { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };
// `text` between the escape sequences of `colour` when `on`.
std::string Coloured(std::string_view text, Colour colour, bool on);

// `text` of untrusted origin for a terminal: control characters are shown as '?' (an escape
// sequence in a model's name must not reach the terminal).
std::string Printable(std::string_view text);

}  // namespace larder
