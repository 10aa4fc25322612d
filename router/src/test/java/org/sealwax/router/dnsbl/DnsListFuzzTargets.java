package org.sealwax.router.dnsbl;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Answers of lists, which others control, and return codes of the configuration. */
public final class DnsListFuzzTargets {
  private static final Domain ZONE = Domain.of("dnsbl.example");
  private static final InetAddress CLIENT = InetAddress.ofLiteral("2001:db8::1");
  private static final DnsList LIST =
      new DnsList(
          ZONE,
          List.of(ReturnCodes.parse("127.0.0.[2..11]"), ReturnCodes.parse("127.255.255.[0..255]")),
          DnsList.Action.REFUSE);

  private DnsListFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "dnsbl-answer",
            DnsListFuzzTargets::answer,
            "\177\0\0\2see https://dnsbl.example/\r\n250 ok",
            "\177\0\0\2\177\377\377\376error",
            "\177\0\0\14\312\0\161\1"),
        FuzzTarget.ofTexts(
            "dnsbl-code", DnsListFuzzTargets::code, "127.0.0.2", "127.0.[0..255].[1..3]"));
  }

  private static <T> DnsAnswer<T> found(List<T> records) {
    return records.isEmpty()
        ? new DnsAnswer<>(
            records, DnsAnswer.Kind.NO_DATA, DnssecStatus.INSECURE, ZONE, 0, Duration.ZERO, "")
        : new DnsAnswer<>(
            records, DnsAnswer.Kind.FOUND, DnssecStatus.INSECURE, ZONE, 0, Duration.ZERO, "");
  }

  private static void answer(byte[] input) throws UnknownHostException {
    List<InetAddress> codes = new ArrayList<>();
    for (int i = 0; i + 4 <= input.length; i += 4) {
      codes.add(InetAddress.getByAddress(Arrays.copyOfRange(input, i, i + 4)));
    }
    ListAnswer answer = ListAnswer.of(LIST, found(codes));
    String text = ListAnswer.text(found(List.of(new String(input, StandardCharsets.ISO_8859_1))));
    holds(text.length() <= ListAnswer.MAX_TEXT, "the text is bounded");
    holds(text.chars().allMatch(c -> c >= ' ' && c <= '~'), "the text is printable");
    List<InetAddress> read = codes.subList(0, Math.min(codes.size(), ListAnswer.MAX_CODES));
    boolean refusesUs = read.stream().anyMatch(c -> c.getHostAddress().startsWith("127.255.255."));
    boolean listed =
        read.stream()
            .map(InetAddress::getAddress)
            .anyMatch(b -> b[0] == 127 && b[1] == 0 && b[2] == 0 && b[3] >= 2 && b[3] <= 11);
    switch (ListVerdict.of(List.of(new ListVerdict.AnsweredList(LIST, answer, text)))) {
      case ListVerdict.Pass _ -> holds(!listed || refusesUs, "a listed client passes");
      case ListVerdict.Refuse r -> {
        holds(listed && !refusesUs, "refused without a configured code");
        holds(r.reply(CLIENT).lines().size() == 1, "one line");
      }
    }
  }

  private static void code(byte[] input) {
    try {
      ReturnCodes codes = ReturnCodes.parse(text(input));
      holds(!codes.contains(InetAddress.ofLiteral("126.0.0.2")), "outside 127.0.0.0/8");
    } catch (InvalidSetting e) {
      holds(String.valueOf(e.getMessage()).contains("return code"), "the error names the value");
    }
  }
}
