package org.sealwax.app.doctor;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.dnsbl.ListAnswer;

/**
 * The DNS lists of the configuration: each answers our queries and has its test entries (RFC 5782
 * section 5: 127.0.0.2 is listed, 127.0.0.1 is not), and no block list has one of our addresses:
 * other servers would refuse our mail, too.
 */
record DnsListReview(List<DnsList> lists, List<InetAddress> sources, Resolver resolver)
    implements SiteReview {
  private static final InetAddress LISTED = InetAddress.ofLiteral("127.0.0.2");
  private static final InetAddress NOT_LISTED = InetAddress.ofLiteral("127.0.0.1");

  DnsListReview {
    lists = List.copyOf(lists);
    sources = List.copyOf(sources);
  }

  @Override
  public List<SiteFinding> findings() {
    List<SiteFinding> found = new ArrayList<>();
    for (DnsList list : lists) {
      SiteFinding answers = answers(list);
      found.add(answers);
      if (answers.verdict() == SiteFinding.SiteVerdict.OK
          && list.action() != DnsList.Action.ALLOW) {
        sources.forEach(source -> of(list, source, found));
      }
    }
    return found;
  }

  private SiteFinding answers(DnsList list) {
    SiteFinding.Checked dnsbl = SiteFinding.SiteCheck.DNSBL.of(list.zone());
    return switch (ListAnswer.ask(list, LISTED, resolver)) {
      case ListAnswer.NoAnswer failed -> dnsbl.lookupFailed(failed.reason());
      case ListAnswer.QueryRefused refused ->
          dnsbl.warning(
              "the list refuses our queries (" + refused.code() + ") and lists no client for us",
              "register with the list, or query it by a resolver of this host:",
              "[dns] resolvers = [\"127.0.0.1\"]");
      case ListAnswer.NotListed _ ->
          dnsbl.warning(
              "its test entry 127.0.0.2 has none of the configured codes: the list has ended, or"
                  + " has other codes",
              "set codes of the [[dnsbl]] entry to those that the list documents, or remove it");
      case ListAnswer.Listed _ ->
          ListAnswer.ask(list, NOT_LISTED, resolver) instanceof ListAnswer.Listed
              ? dnsbl.error(
                  "the list has 127.0.0.1, and probably every address: its mail is refused",
                  "remove the [[dnsbl]] entry of " + list.zone())
              : dnsbl.ok("answers our queries");
    };
  }

  private void of(DnsList list, InetAddress source, List<SiteFinding> found) {
    SiteFinding.Checked address = SiteFinding.SiteCheck.DNSBL.of(AddressText.of(source));
    switch (ListAnswer.ask(list, source, resolver)) {
      case ListAnswer.Listed listed ->
          found.add(
              address.error(
                  "our address is listed by "
                      + list.zone()
                      + ": "
                      + String.join(" ", listed.codes()),
                  "the reason is in the TXT record of " + list.nameOf(source),
                  "ask the owner of the list to remove the address"));
      case ListAnswer.NoAnswer failed -> found.add(address.lookupFailed(failed.reason()));
      case ListAnswer.QueryRefused _, ListAnswer.NotListed _ -> {}
    }
  }
}
