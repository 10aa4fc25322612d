package org.sealwax.router.deliver;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.line;

import java.util.List;
import java.util.Optional;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** What servers send to us inside AUTH. */
public final class DeliverTargets {
  private DeliverTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    return List.of(
        FuzzTarget.ofTexts(
            "scram-client",
            DeliverTargets::server,
            "r=noncemore,s=c2FsdA==,i=4096",
            "r=nonce,s=c2FsdA==,i=4096",
            "r=noncex,s=,i=1",
            "e=other-error",
            "r=noncex,s=c2FsdA==,i=-1"));
  }

  private static void server(byte[] input) {
    String text = line(input);
    // Rounds cost time, as they should; their bounds have a test of their own.
    String few = text.replaceAll("i=\\d{5,6}", "i=4096");
    ScramClient client = new ScramClient(new Credentials("joe", "secret"), "nonce");
    holds(!client.isProven(few), "proven before anything was said");
    Optional<String> answer = client.answer(few);
    answer.ifPresent(a -> holds(a.contains(",r=nonce"), "another nonce"));
    holds(!client.isProven(few) && !client.isProven("v=" + few), "proven by nothing");
  }
}
