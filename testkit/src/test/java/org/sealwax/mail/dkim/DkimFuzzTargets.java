package org.sealwax.mail.dkim;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.message.HeaderField;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.MessageSplitter;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Signatures, keys and headers under hostile input: no exception, and no pass of another mail. */
public final class DkimFuzzTargets {
  private static final String MESSAGE =
      "From: Joe <joe@example.org>\r\nSubject: one  two\r\n"
          + "Content-Type: text/plain\r\n\r\nHi  there\r\n\r\nJoe\r\n";

  private DkimFuzzTargets() {}

  /** Header and body as the splitter finds them. */
  private static final class Parts implements MessageSplitter.MessageParts {
    private List<HeaderField> fields = List.of();
    private final BodyHash body = new BodyHash(Canonicalization.RELAXED, OptionalLong.empty());

    @Override
    public void header(HeaderSection section) {
      fields = section.fields();
    }

    @Override
    public void body(byte[] block, int offset, int length) {
      body.feed(block, offset, length);
    }

    /** What the signature protects: its fields in relaxed form, and the body. */
    private List<String> signed(List<String> names) {
      List<String> all = new ArrayList<>();
      for (String name : names) {
        fields.stream().filter(f -> f.isNamed(name)).forEach(f -> all.add(relaxed(f)));
      }
      all.add(Arrays.toString(body.end()));
      return all;
    }
  }

  private static Parts parts(byte[] message, int block) throws java.io.IOException {
    Parts parts = new Parts();
    try (MessageSplitter splitter = new MessageSplitter(parts)) {
      for (int i = 0; i < message.length; i += block) {
        splitter.write(message, i, Math.min(block, message.length - i));
      }
    }
    return parts;
  }

  private static String relaxed(HeaderField field) {
    return new String(Canonicalization.RELAXED.field(field), StandardCharsets.ISO_8859_1);
  }

  /** All of them. */
  public static List<FuzzTarget> all() {
    List<DkimSigningKey> keys = List.of(SignedMessages.KEYS.get(1));
    FixedResolver dns = SignedMessages.dns(keys);
    String signed = SignedMessages.sign(MESSAGE, keys);
    String signature = signed.substring(0, signed.length() - MESSAGE.length() - 2);
    List<String> names = List.of("from", "subject", "content-type", "to", "cc", "date");
    return List.of(
        new FuzzTarget(
            "dkim-message",
            List.of(SignedMessages.bytes(signed)),
            input -> {
              for (DkimResult result :
                  SignedMessages.verify(input, dns::txt, 7, SignedMessages.NOW)) {
                holds(
                    !result.passes()
                        || parts(input, 5)
                            .signed(names)
                            .equals(parts(SignedMessages.bytes(MESSAGE), 99).signed(names)),
                    "a pass of another message");
              }
            }),
        new FuzzTarget(
            "dkim-signature",
            List.of(
                SignedMessages.bytes(signature),
                SignedMessages.bytes(
                    "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=a.b; i=x@example.org;"
                        + " l=3; x=9; q=dns/txt; h=from:to; bh=AA==; b=\r\n AA==")),
            input -> {
              // As a field of a message: what is not a field there is not a field here.
              byte[] message =
                  SignedMessages.bytes(
                      new String(input, StandardCharsets.ISO_8859_1) + "\r\n" + MESSAGE);
              for (DkimResult result :
                  SignedMessages.verify(message, dns::txt, 512, SignedMessages.NOW)) {
                holds(
                    !result.passes()
                        || result.domain().equals(java.util.Optional.of(keys.getFirst().domain())),
                    "a pass of another domain");
                holds(result.passes() == result.reason().isEmpty(), "reason");
              }
            }),
        FuzzTarget.ofTexts(
            "dkim-key-record",
            record -> {
              String text = new String(record, StandardCharsets.ISO_8859_1);
              DnsAnswer<String> answer =
                  FixedResolver.builder()
                      .txt("ed._domainkey.example.org", text)
                      .build()
                      .txt(keys.getFirst().recordName());
              DkimResult result = SignedMessages.verify(signed, name -> answer).getFirst();
              String key = keys.getFirst().record();
              // The last character has bits that are not of the key: another text, the same key.
              String bare = key.substring(key.indexOf("p=") + 2, key.length() - 2);
              holds(
                  !result.passes() || text.replaceAll("[ \t\r\n]", "").contains(bare),
                  "a pass by another key");
            },
            keys.getFirst().record(),
            SignedMessages.KEYS.getFirst().record(),
            "v=DKIM1; h=sha256:sha1; k=ed25519; n=note; s=email:*; t=y:s; p=AAAA"),
        FuzzTarget.ofTexts(
            "dkim-header",
            input -> {
              Parts whole = parts(input, Integer.MAX_VALUE / 2);
              Parts pieces = parts(input, 3);
              holds(whole.fields.equals(pieces.fields), "blocks make a difference");
              holds(Arrays.equals(whole.body.end(), pieces.body.end()), "of the body, too");
              for (HeaderField field : whole.fields) {
                String once = relaxed(field);
                holds(once.indexOf('\n') < 0 && once.indexOf('\r') < 0, "a line end");
                HeaderField again = HeaderField.of(once);
                holds(relaxed(again).equals(once), "relaxed twice is another form");
              }
            },
            MESSAGE,
            "A: b\r\n\tc \r\n \r\nB :  d\r\n\r\nbody"));
  }
}
