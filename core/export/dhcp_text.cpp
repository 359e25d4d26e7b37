// SPDX-License-Identifier: LGPL-2.1-or-later
// dnsmasq serves TFTP itself; the others name the TFTP server by its address, which is the URL's host where
// that is an IPv4 address. Each text is one that the server's own checker accepts.
#include "dhcp_text.h"

#include <arpa/inet.h>

#include <spdlog/fmt/fmt.h>

#include "url.h"

namespace bootferry {
namespace {

constexpr std::string_view biosFile = "pxelinux.0";
constexpr std::string_view uefiFile = "grubnetx64.efi";
constexpr std::string_view anyAddress = "192.0.2.1"; // RFC 5737

std::string hint(const BootServer& server) {
    return fmt::format("# In {}: {} and ldlinux.c32 (syslinux) for BIOS, {} (GRUB, or shim's) for UEFI.\n",
                       server.folder, biosFile, uefiFile);
}

struct TftpServer {
    std::string address;
    std::string remark;
};

TftpServer tftpServer(const BootServer& server) {
    const auto host = Url::parse(server.url).host();
    in_addr address{};
    if (::inet_pton(AF_INET, host.c_str(), &address) == 1) {
        return {host, ""};
    }
    return {std::string(anyAddress),
            fmt::format("# Put the TFTP server's address in the place of {}.\n", anyAddress)};
}

// The boot file for the firmware's own HTTP client; empty unless FOLDER is served over HTTP.
std::string httpFile(const BootServer& server) {
    return server.url.starts_with("http:") || server.url.starts_with("https:")
               ? fmt::format("{}/{}", server.url, uefiFile)
               : "";
}

// As in C, which dnsmasq understands.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        result += c == '"' || c == '\\' ? "\\" : "";
        result += c;
    }
    return result;
}

} // namespace

std::string dnsmasqText(const BootServer& server) {
    const auto http = httpFile(server);
    auto text = "# dnsmasq, beside its dhcp-range=:\n" + hint(server) +
                fmt::format("enable-tftp\n"
                            "tftp-root=\"{}\"\n"
                            "dhcp-userclass=set:ipxe,iPXE\n"
                            "dhcp-match=set:bios,option:client-arch,0\n"
                            "dhcp-match=set:uefi,option:client-arch,7\n"
                            "dhcp-match=set:uefi,option:client-arch,9\n"
                            "dhcp-boot=tag:ipxe,{}.ipxe\n"
                            "dhcp-boot=tag:!ipxe,tag:bios,{}\n"
                            "dhcp-boot=tag:!ipxe,tag:uefi,{}\n",
                            escaped(server.folder), server.name, biosFile, uefiFile);
    if (!http.empty()) {
        text += fmt::format("# UEFI HTTP boot\n"
                            "dhcp-match=set:uefihttp,option:client-arch,16\n"
                            "dhcp-option-force=tag:uefihttp,option:vendor-class,HTTPClient\n"
                            "dhcp-boot=tag:!ipxe,tag:uefihttp,{}\n",
                            http);
    }
    return text;
}

std::string iscText(const BootServer& server) {
    const auto http = httpFile(server);
    const auto tftp = tftpServer(server);
    auto text = "# ISC dhcpd, beside its subnets:\n" + hint(server) + tftp.remark +
                fmt::format("option bootferry-arch code 93 = unsigned integer 16;\n"
                            "next-server {};\n"
                            "if exists user-class and option user-class = \"iPXE\" {{\n"
                            "    filename \"{}.ipxe\";\n"
                            "}} elsif option bootferry-arch = 00:00 {{\n"
                            "    filename \"{}\";\n",
                            tftp.address, server.name, biosFile);
    if (!http.empty()) {
        text += fmt::format("}} elsif option bootferry-arch = 00:10 {{ # UEFI HTTP boot\n"
                            "    option vendor-class-identifier \"HTTPClient\";\n"
                            "    filename \"{}\";\n",
                            http);
    }
    return text + fmt::format("}} elsif option bootferry-arch = 00:07 or option bootferry-arch = 00:09 {{\n"
                              "    filename \"{}\";\n"
                              "}}\n",
                              uefiFile);
}

std::string keaText(const BootServer& server) {
    const auto http = httpFile(server);
    const auto tftp = tftpServer(server);
    auto text = "# Kea, in \"Dhcp4\":\n" + hint(server) + tftp.remark +
                fmt::format("\"client-classes\": [\n"
                            "    {{ \"name\": \"bootferry-ipxe\", \"test\": \"option[77].hex == 'iPXE'\",\n"
                            "      \"next-server\": \"{0}\", \"boot-file-name\": \"{1}.ipxe\" }},\n"
                            "    {{ \"name\": \"bootferry-bios\",\n"
                            "      \"test\": \"option[93].hex == 0x0000 and not member('bootferry-ipxe')\",\n"
                            "      \"next-server\": \"{0}\", \"boot-file-name\": \"{2}\" }},\n",
                            tftp.address, server.name, biosFile);
    if (!http.empty()) {
        text += fmt::format("    {{ \"name\": \"bootferry-uefi-http\",\n"
                            "      \"test\": \"option[93].hex == 0x0010 and not member('bootferry-ipxe')\",\n"
                            "      \"boot-file-name\": \"{}\",\n"
                            "      \"option-data\": [ {{ \"name\": \"vendor-class-identifier\", \"data\": "
                            "\"HTTPClient\" }} ] }},\n",
                            http);
    }
    return text +
           fmt::format("    {{ \"name\": \"bootferry-uefi\",\n"
                       "      \"test\": \"(option[93].hex == 0x0007 or option[93].hex == 0x0009) and not "
                       "member('bootferry-ipxe')\",\n"
                       "      \"next-server\": \"{}\", \"boot-file-name\": \"{}\" }}\n"
                       "]\n",
                       tftp.address, uefiFile);
}

} // namespace bootferry
