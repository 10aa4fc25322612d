package org.sealwax.router.dnsbl;

import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;

/** The result of one list for a client. */
public sealed interface ListAnswer {
  /**
   * The client is listed.
   *
   * @param codes configured codes of the answer
   */
  record Listed(List<String> codes) implements ListAnswer {
    /** Copies. */
    public Listed {
      codes = List.copyOf(codes);
    }
  }

  /** No configured code. */
  record NotListed() implements ListAnswer {}

  /**
   * The list refuses our queries; this is not a result about the client.
   *
   * @param code for example 127.255.255.254
   */
  record QueryRefused(String code) implements ListAnswer {}

  /**
   * Nothing is known.
   *
   * @param reason for the log
   */
  record NoAnswer(String reason) implements ListAnswer {}

  /** Codes of one answer that are looked at. */
  int MAX_CODES = 32;

  /** Characters of a list's explanation that are used: the reply has to fit in a line. */
  int MAX_TEXT = 150;

  /**
   * {@return what a list answers now; blocks as long as the resolver does}
   *
   * @param list of the configuration
   * @param client its address
   * @param resolver answers the DNS question
   */
  static ListAnswer ask(DnsList list, InetAddress client, Resolver resolver) {
    return of(list, resolver.addresses(list.nameOf(client), Resolver.AddressFamily.IPV4));
  }

  /** What the A records of the client's name mean. */
  static ListAnswer of(DnsList list, DnsAnswer<InetAddress> answer) {
    return switch (answer.kind()) {
      case NO_DATA, NO_NAME -> new NotListed();
      case UNKNOWN -> new NoAnswer(answer.reason());
      case FOUND -> of(list, answer.records());
    };
  }

  private static ListAnswer of(DnsList list, List<InetAddress> records) {
    List<InetAddress> codes =
        records.stream()
            .limit(MAX_CODES)
            .sorted(Comparator.comparing(InetAddress::getHostAddress))
            .toList();
    for (InetAddress code : codes) {
      if (isRefusal(code)) {
        return new QueryRefused(code.getHostAddress());
      }
    }
    List<String> counted =
        codes.stream().filter(list::counts).map(InetAddress::getHostAddress).toList();
    return counted.isEmpty() ? new NotListed() : new Listed(counted);
  }

  /** 127.255.255.0/24: errors of the query, by the convention of the large lists. */
  private static boolean isRefusal(InetAddress code) {
    byte[] b = code.getAddress();
    return b.length == 4 && b[0] == 127 && b[1] == (byte) 255 && b[2] == (byte) 255;
  }

  /** The list's explanation: printable ASCII of its first TXT record, or empty. */
  static String text(DnsAnswer<String> answer) {
    if (answer.records().isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder(MAX_TEXT);
    String record = answer.records().getFirst();
    for (int i = 0; i < record.length() && text.length() < MAX_TEXT; i++) {
      char c = record.charAt(i);
      if (c >= ' ' && c <= '~') {
        text.append(c);
      }
    }
    return text.toString().strip();
  }
}
