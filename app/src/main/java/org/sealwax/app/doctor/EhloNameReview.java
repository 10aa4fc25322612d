package org.sealwax.app.doctor;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.router.records.MailRecords;

/**
 * The name that we give in EHLO: a name of this host in the public DNS, and no alias (RFC 5321
 * sections 2.3.5 and 4.1.1.1).
 */
record EhloNameReview(MailSite site, Resolver resolver) implements SiteReview {
  /**
   * Names of hosts in a network of their own (RFC 6761, RFC 6762, RFC 9476 and ICANN's internal).
   */
  private static final List<String> LOCAL =
      List.of("localhost", "localdomain", "local", "internal", "lan", "home", "alt", "onion");

  @Override
  public List<SiteFinding> findings() {
    Domain name = site.hostname();
    SiteFinding.Checked ehlo = SiteFinding.SiteCheck.EHLO.of(name.name());
    String last = name.name().substring(name.name().lastIndexOf('.') + 1);
    if (name.name().indexOf('.') < 0 || LOCAL.contains(last)) {
      return List.of(
          ehlo.error(
              "the name exists in no public DNS, and receivers refuse it",
              "[server] hostname = \"mx.example.org\", a name of yours that resolves to this host"));
    }
    Set<InetAddress> addresses = new LinkedHashSet<>();
    String failed = "";
    boolean isAlias = false;
    for (AddressFamily family : AddressFamily.values()) {
      DnsAnswer<InetAddress> answer = resolver.addresses(name, family);
      addresses.addAll(answer.records());
      isAlias |= answer.aliases() > 0;
      failed = answer.kind() == DnsAnswer.Kind.UNKNOWN ? answer.reason() : failed;
    }
    List<InetAddress> missing =
        site.sources().stream().filter(source -> !addresses.contains(source)).toList();
    if (!missing.isEmpty() && !failed.isEmpty()) {
      return List.of(ehlo.lookupFailed(failed));
    }
    List<String> records =
        missing.stream().map(source -> MailRecords.address(name, source).line()).toList();
    List<SiteFinding> found = new ArrayList<>();
    if (addresses.isEmpty()) {
      found.add(ehlo.error("the name has no address", records.toArray(String[]::new)));
    } else if (!missing.isEmpty()) {
      found.add(
          ehlo.warning(
              "the name does not resolve to " + join(missing) + ", from which we send",
              records.toArray(String[]::new)));
    }
    if (isAlias) {
      found.add(
          ehlo.warning(
              "the name is an alias (CNAME), which RFC 5321 does not permit here",
              "give the name its own A and AAAA records"));
    }
    return found.isEmpty()
        ? List.of(ehlo.ok("resolves to " + join(List.copyOf(addresses))))
        : found;
  }

  private static String join(List<InetAddress> addresses) {
    return String.join(", ", addresses.stream().map(AddressText::of).toList());
  }
}
