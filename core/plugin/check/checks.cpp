// SPDX-License-Identifier: LGPL-2.1-or-later
// The checks in their order, and those that belong to no theme of the other files.
#include "checks.h"

#include <array>
#include <cstddef>
#include <vector>

#include <spdlog/fmt/fmt.h>

#include "check_steps.h"
#include "conduct_checks.h"
#include "connect_checks.h"
#include "cut_checks.h"
#include "delivery_checks.h"
#include "flow_checks.h"
#include "login_checks.h"
#include "option_checks.h"
#include "resolve_checks.h"
#include "resume_checks.h"
#include "session_checks.h"

namespace bootferry {
namespace {

void saysNotFound(CheckSettings& settings) {
    if (!settings.missingUrl) {
        throw Skipped("no --missing-url was given");
    }
    Attempt attempt(settings.plugin);
    expectFailure(attempt.openUrl(*settings.missingUrl), BOOTFERRY_ERROR_NOT_FOUND,
                  "open of a missing resource");
}

void namesItsLibraries(CheckSettings& settings) {
    if (const auto& symbols = settings.undefinedSymbols; !symbols.empty()) {
        throw Fault(fmt::format("it uses {}{} of a library that it is not linked with, and loads only where "
                                "another program has that: see ldd -r",
                                symbols.front(),
                                symbols.size() > 1 ? fmt::format(" and {} more", symbols.size() - 1) : ""));
    }
}

// The rest is done once the verdict is known, see Check::exits.
void endsWithTheProcess(CheckSettings& settings) {
    Attempt attempt(settings.plugin);
    attempt.mustOpen();
    std::vector<std::byte> buffer(65536);
    (void)attempt.mustRead(buffer);
}

constexpr std::array checks{
    Check{"reads the whole resource", &wholeResource},
    Check{"describes its options", &wellFormedOptions},
    Check{"stays at the end once it has reached it", &endStaysTheEnd},
    Check{"delivers the same to reads of one byte", &oneByteReads},
    Check{"delivers the same to reads of odd sizes", &oddReads},
    Check{"delivers the same through splice", &splicesTheSame},
    Check{"keeps sessions apart", &twoSessionsAtATime},
    Check{"keeps sessions in several threads apart", &sessionsInThreads},
    Check{"may be called from one thread after the other", &anyThread},
    Check{"resumes at an offset, or says that it cannot", &resumes},
    Check{"resumes without a validator", &resumesWithoutValidator},
    Check{"resumes at the very end", &resumesAtTheEnd},
    Check{"delivers a part of the resource", &deliversParts},
    Check{"refuses an offset behind the end", &refusesPastTheEnd},
    Check{"refuses an offset of more than 32 bits", &refusesFarPastTheEnd},
    Check{"refuses to resume another version", &refusesAnotherValidator},
    Check{"has another validator for other bytes", &validatorOfAnotherVersion},
    Check{"refuses an option it does not know", &refusesUnknownOptions},
    Check{"reports a missing resource as NotFound", &saysNotFound},
    Check{"works with the newest host as well", &worksWithTheNewestHost},
    Check{"reports a refused connection as Unreachable", &refusedConnection},
    Check{"does not block where it must not", &doesNotBlock},
    Check{"stops before it connects when cancelled", &cancelledBeforeOpen},
    Check{"stops between reads when cancelled", &cancelledBetweenReads},
    Check{"stops while it waits when cancelled", &cancelledWhileWaiting},
    Check{"stops while it connects when cancelled", &cancelledWhileConnecting},
    Check{"stops in a read when the server is silent", &cancelledWhileTheServerIsSilent},
    Check{"delivers what there is before its buffer is full", &returnsWhatThereIs},
    Check{"fetches only what is wanted", &fetchesWhatIsWanted},
    Check{"delivers no wrong bytes when the connection is cut", &cutConnection},
    Check{"takes an answer in small pieces", &takesSmallPieces},
    Check{"is not held up by a session that waits", &notHeldUpByAnother},
    Check{"stops while it resolves a name when cancelled", &cancelledWhileResolving},
    Check{"keeps options and credentials to their session", &keepsOptionsToTheirSession},
    Check{"keeps its login from other servers", &keepsLoginFromOtherServers},
    Check{"leaves no descriptor and no thread behind", &leavesNothingBehind},
    Check{"leaves nothing behind after failures and cancels", &leavesNothingAfterFailures},
    Check{"names the libraries that it uses", &namesItsLibraries},
    Check{"blocks signals in its threads", &blocksSignalsInThreads, true},
    Check{"lets the process end", &endsWithTheProcess, false, true},
};

} // namespace

std::span<const Check> pluginChecks() {
    return checks;
}

} // namespace bootferry
