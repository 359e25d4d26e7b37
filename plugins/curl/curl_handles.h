// SPDX-License-Identifier: LGPL-2.1-or-later
// Owners for libcurl's handles.
#pragma once

#include <memory>

#include <curl/curl.h>

namespace bootferry::curl {

struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct MultiCleanup {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
struct ListCleanup {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;
using MultiHandle = std::unique_ptr<CURLM, MultiCleanup>;
using StringList = std::unique_ptr<curl_slist, ListCleanup>;

} // namespace bootferry::curl
