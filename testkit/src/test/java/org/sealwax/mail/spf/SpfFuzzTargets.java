package org.sealwax.mail.spf;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** SPF records of any bytes, evaluated in a small tree. */
public final class SpfFuzzTargets {
  private static final FixedResolver TREE =
      FixedResolver.builder()
          .txt("other.example.org", "v=spf1 a mx include:example.org ~all exp=why.example.org")
          .txt("why.example.org", "%{c} is not %{p}")
          .a("example.org", "192.0.2.7")
          .mx("example.org", 10, "mx.example.org")
          .a("mx.example.org", "192.0.2.8")
          .ptr("1.2.0.192.in-addr.arpa", "mx.example.org")
          .fails("broken.example.org")
          .build();

  private SpfFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "spf-record",
            SpfFuzzTargets::record,
            "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all",
            "v=spf1 a:%{d}/24//64 mx include:other.example.org ?exists:%{ir}.%{v}.%{l1r+-}.example.org"
                + " ptr:example.org redirect=%{o} exp=why.example.org x-y.z=%{s}%%%_%-",
            "v=spf1 include:example.org",
            "v=spf1 a:broken.example.org ~all"));
  }

  private static SpfRequest request() {
    return new SpfRequest(
        InetAddress.ofLiteral("192.0.2.1"),
        new SpfSender("a+b", Optional.of(Domain.of("example.org"))),
        "[192.0.2.1]");
  }

  private static String text(byte[] input) {
    return new String(input, StandardCharsets.ISO_8859_1);
  }

  private static void record(byte[] input) {
    String text = text(input);
    SpfCheck check = new SpfCheck(TREE.toBuilder().txt("example.org", text).build());
    SpfVerdict verdict = check.of(request());
    holds(verdict.reason().matches("[ -~]{1," + SpfVerdict.MAX_REASON + "}"), verdict.reason());
    holds(
        SpfRecord.isVersion1(text) || verdict.result() == SpfResult.NONE,
        verdict + " for no record");
    if (SpfRecord.isVersion1(text)
        && SpfRecord.of(text) instanceof SpfRecord.Reading.Malformed malformed) {
      holds(verdict.result() == SpfResult.PERMERROR, verdict + " of " + malformed);
    }
    holds(check.of(request()).equals(verdict), "another result the second time");
  }
}
