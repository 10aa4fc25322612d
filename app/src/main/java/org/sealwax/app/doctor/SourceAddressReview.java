package org.sealwax.app.doctor;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.router.records.MailRecords;

/**
 * The names of our source addresses. Large receivers refuse mail from an address without a PTR name
 * that resolves back to it (Gmail: 550 5.7.25; RFC 1912 section 2.1), and distrust a name that
 * looks as if a provider gave one to each customer.
 */
record SourceAddressReview(MailSite site, Resolver resolver) implements SiteReview {
  /** PTR names of one address that are looked at. */
  private static final int NAMES = 4;

  @Override
  public List<SiteFinding> findings() {
    return site.sources().stream().map(this::of).toList();
  }

  private SiteFinding of(InetAddress source) {
    SiteFinding.Checked ptr = SiteFinding.SiteCheck.PTR.of(AddressText.of(source));
    String wanted =
        "ask the owner of the address (often your provider) for: "
            + MailRecords.ptr(source, site.hostname()).line();
    DnsAnswer<Domain> answer = resolver.reverse(source);
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return ptr.lookupFailed(answer.reason());
    }
    if (answer.records().isEmpty()) {
      return ptr.error("the address has no PTR record", wanted);
    }
    List<Domain> names =
        answer.records().subList(0, Math.min(NAMES, answer.records().size())).stream().toList();
    List<Domain> confirmed = new ArrayList<>();
    String failed = "";
    for (Domain name : names) {
      DnsAnswer<InetAddress> back = resolver.addresses(name, family(source));
      if (back.records().contains(source)) {
        confirmed.add(name);
      } else if (back.kind() == DnsAnswer.Kind.UNKNOWN) {
        failed = back.reason();
      }
    }
    if (confirmed.isEmpty()) {
      Domain first = names.getFirst();
      return failed.isEmpty()
          ? ptr.error(
              "the name of the address, " + first + ", does not resolve to the address",
              MailRecords.address(first, source).line(),
              wanted)
          : ptr.lookupFailed(failed);
    }
    if (!confirmed.contains(site.hostname())) {
      return ptr.warning(
          "the address is called "
              + confirmed.getFirst()
              + ", we say "
              + site.hostname()
              + " in EHLO",
          wanted,
          "or [server] hostname = \"" + confirmed.getFirst() + "\"");
    }
    if (looksGeneric(site.hostname(), source)) {
      return ptr.warning(
          "the name contains the address, as names do that a provider gives to each customer",
          "choose a name such as mx." + parent(site.hostname()) + " for [server] hostname and PTR");
    }
    return ptr.ok(site.hostname() + ", which resolves to the address");
  }

  static AddressFamily family(InetAddress address) {
    return address instanceof Inet4Address ? AddressFamily.IPV4 : AddressFamily.IPV6;
  }

  /** Whether a name has the four numbers of an IPv4 address in it, in either order. */
  static boolean looksGeneric(Domain name, InetAddress address) {
    if (!(address instanceof Inet4Address)) {
      return false;
    }
    List<String> octets = List.of(AddressText.of(address).split("\\.", -1));
    List<String> numbers = List.of(name.name().split("[^0-9]+", -1));
    List<String> shown =
        numbers.stream().filter(n -> !n.isEmpty()).map(SourceAddressReview::plain).toList();
    return java.util.Collections.indexOfSubList(shown, octets) >= 0
        || java.util.Collections.indexOfSubList(shown, octets.reversed()) >= 0;
  }

  private static String plain(String digits) {
    String plain = digits.replaceFirst("^0+", "");
    return plain.isEmpty() ? "0" : plain;
  }

  private static String parent(Domain name) {
    String text = name.name();
    return text.indexOf('.') == text.lastIndexOf('.')
        ? text
        : text.substring(text.indexOf('.') + 1);
  }
}
