package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** SCRAM-SHA-256 by the example of RFC 7677 section 3. */
final class ScramClientTest {
  private static final String CHALLENGE =
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

  private static ScramClient client() {
    return new ScramClient(new Credentials("user", "pencil"), "rOprNGfwEbeRWgbNEkqO");
  }

  @Test
  void matchesTheRfc7677Example() {
    ScramClient client = client();
    assertEquals("n,,n=user,r=rOprNGfwEbeRWgbNEkqO", client.first());
    assertEquals(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
        client.answer(CHALLENGE).orElseThrow());
    assertFalse(client.isProven("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
    assertFalse(client.isProven("e=other-error"));
    assertTrue(client.isProven("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
  }

  @Test
  void answersNoChallengeThatIsForgedOrWeak() {
    for (String bad :
        new String[] {
          CHALLENGE.replace("r=rOpr", "r=xOpr"),
          CHALLENGE.replace("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", ""),
          CHALLENGE.replace("i=4096", "i=4095"),
          CHALLENGE.replace("i=4096", "i=600001"),
          CHALLENGE.replace("i=4096", "i=many"),
          CHALLENGE.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "!"),
          "m=ext," + CHALLENGE,
          ""
        }) {
      assertTrue(client().answer(bad).isEmpty(), bad);
    }
  }

  @Test
  void serverProofIsRequiredBeforeSuccess() {
    assertFalse(client().isProven("v="));
  }

  @Test
  void namesAreEscaped() {
    assertEquals("n,,n=a=3Db=2Cc,r=x", new ScramClient(new Credentials("a=b,c", "p"), "x").first());
  }
}
