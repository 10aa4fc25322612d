package org.sealwax.router.dnsbl;

import java.net.InetAddress;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.ReverseName;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;

/**
 * One list of the configuration.
 *
 * @param zone the zone of the list
 * @param codes return codes that count, at least one
 * @param action what follows for a client with one of the codes
 */
@SettingTable(
    name = "dnsbl",
    rows = true,
    most = DnsList.MAX_LISTS,
    purpose =
        "DNS block or allow list (RFC 5782). Untrusted clients are looked up at their first RCPT, once for each session. An allow list prevails over all block lists. A list that does not answer within 5 seconds, or refuses the query (127.255.255.x, logged), does not list the client.")
public record DnsList(
    @Setting(
            example = "dnsbl.example.net",
            required = true,
            doc = "Zone of the list. Most lists have terms of use; some require registration.")
        Domain zone,
    @Setting(
            example = {"127.0.0.2", "127.0.0.[4..7]"},
            required = true,
            filled = true,
            doc =
                "Return codes that count, as documented by the list; parts may be ranges. Other codes are ignored.")
        List<ReturnCodes> codes,
    @Setting(
            fallback = "refuse",
            doc =
                "Action for a listed client. refuse: reject its recipients, except postmaster; allow: no list rejects it; note: log only.")
        Action action) {
  /** Maximum number of lists: each costs a look-up for every session. */
  public static final int MAX_LISTS = 20;

  /** Return codes of one list at most. */
  static final int MAX_CODES = 64;

  /** Length of the longest reversed address, an IPv6 one, with its dot. */
  private static final int LONGEST_ADDRESS = 64;

  /** What follows for a listed client. */
  public enum Action {
    /** Recipients are rejected. */
    REFUSE,
    /** No list rejects its recipients. */
    ALLOW,
    /** It is logged. */
    NOTE
  }

  /** Copies, and checks zone and codes. */
  public DnsList {
    codes = List.copyOf(codes);
    if (zone.name().length() + LONGEST_ADDRESS > Domain.MAX_LENGTH) {
      throw InvalidSetting.because("the zone is too long for names of IPv6 addresses").of("zone");
    }
    if (codes.isEmpty() || codes.size() > MAX_CODES) {
      throw InvalidSetting.because("a list has 1 to " + MAX_CODES + " return codes").of("codes");
    }
  }

  /** Whether this code of an answer is configured. */
  boolean counts(InetAddress code) {
    return codes.stream().anyMatch(c -> c.contains(code));
  }

  /** The name that the list has for an address (RFC 5782 2.1 and 2.4). */
  public Domain nameOf(InetAddress client) {
    String reversed = ReverseName.of(client).name();
    int suffix = reversed.lastIndexOf('.', reversed.lastIndexOf('.') - 1);
    return new Domain(reversed.substring(0, suffix + 1) + zone.name());
  }
}
