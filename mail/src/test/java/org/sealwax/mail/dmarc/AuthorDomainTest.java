package org.sealwax.mail.dmarc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.message.AuthorField;

/** From as it comes: one domain, or a named reason why there is none. */
final class AuthorDomainTest {
  private static AuthorDomain of(String field) {
    return of(List.of(field));
  }

  private static AuthorDomain of(List<String> fields) {
    return AuthorDomain.of(AuthorField.of(fields));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "user@good.example",
        " user@Good.Example ",
        "<user@good.example>",
        "User Name <user@good.example>",
        "\"User, Name\" <user@good.example>",
        "J. R. \"Bob\" Doe <user@good.example>",
        "=?utf-8?q?ceo=40bank=2Eexample?= <user@good.example>",
        "\"ceo@bank.example\" <user@good.example>",
        "(ceo@bank.example) user@good.example (x (y) \\) z)",
        "user (comment) @ (comment) good . example",
        "M\u00fcller <user@good.example>",
        "\"a b\".c@good.example",
        "user@good.example.",
        "one@good.example, Two <two@GOOD.example>",
        "Team: one@good.example, <two@good.example>;",
        "user@good.example,",
        "User\r\n <user@good.example>\r\n"
      })
  void oneDomain(String field) {
    assertEquals(new AuthorDomain.Single(Domain.of("good.example")), of(field), field);
  }

  @Test
  void aDomainInOtherLettersIsConverted() {
    assertEquals(
        new AuthorDomain.Single(Domain.of("xn--bcher-kva.example")),
        of("user@b\u00fccher.example"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "one@good.example, two@bad.example",
        "Team: one@good.example, two@bad.example;",
        "one@good.example, Team: two@bad.example;",
        "one@good.example, two@[192.0.2.1]"
      })
  void severalDomains(String field) {
    assertInstanceOf(AuthorDomain.Several.class, of(field), field);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "undisclosed:;", "user@[192.0.2.1]", "(comment)", ","})
  void noDomain(String field) {
    assertInstanceOf(AuthorDomain.Missing.class, of(field), field);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "user",
        "user@",
        "@good.example",
        "user@good.example@bad.example",
        "user@good.example <user@bad.example>",
        "<user@good.example> <user@bad.example>",
        "<user@good.example> user@bad.example",
        "ceo@bank.example <user@good.example",
        "User <user@good.example> x",
        "<@relay.example:user@good.example>",
        "\"user@good.example",
        "(user@good.example",
        "a b@good.example",
        "a..b@good.example",
        ".a@good.example",
        "user@good example",
        "user@good..example",
        "user@-good.example",
        "user@good.example;",
        "Team: user@good.example",
        "Team: Inner: user@good.example;;",
        "x\u0000@good.example",
        "user@good.example\u0000.bad.example",
        "user@[192.0.2.1",
        "<user@good.example>, <>",
        ": user@good.example;"
      })
  void notAListOfAddresses(String field) {
    assertInstanceOf(AuthorDomain.Malformed.class, of(field), field);
  }

  @Test
  void noFieldAndTwoFields() {
    assertInstanceOf(AuthorDomain.Missing.class, of(List.of()));
    assertInstanceOf(
        AuthorDomain.Malformed.class, of(List.of("user@good.example", "user@good.example")));
  }

  @Test
  void limits() {
    String most = "a@good.example,".repeat(AuthorField.MAX_ADDRESSES);
    assertInstanceOf(AuthorDomain.Single.class, of(most));
    assertInstanceOf(AuthorDomain.Malformed.class, of(most + "a@good.example"));
    String longest = "x".repeat(AuthorField.MAX_LENGTH - 17) + " <a@good.example>";
    assertInstanceOf(AuthorDomain.Single.class, of(longest));
    assertInstanceOf(AuthorDomain.Malformed.class, of("x" + longest));
    String comments = "(".repeat(20) + ")".repeat(20);
    assertInstanceOf(AuthorDomain.Single.class, of(comments + "a@good.example"));
    assertInstanceOf(AuthorDomain.Malformed.class, of("(" + comments + ")a@good.example"));
  }
}
