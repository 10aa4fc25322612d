package org.sealwax.router.dnsbl;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.smtp.Reply;

/** What the answers of all lists mean for the recipients of a client. */
public sealed interface ListVerdict {
  /** No list stands in the way. */
  record Pass() implements ListVerdict {}

  /**
   * A block list has the client, and no allow list does.
   *
   * @param zone the first such list
   * @param text its explanation; printable, perhaps empty
   */
  record Refuse(Domain zone, String text) implements ListVerdict {
    /** The reply to RCPT. */
    public Reply reply(InetAddress client) {
      return Reply.of(
          "550 5.7.1 client ["
              + AddressText.of(client)
              + "] is listed by "
              + zone
              + (text.isEmpty() ? "" : ": " + text));
    }
  }

  /**
   * One list and its answer.
   *
   * @param list of the configuration
   * @param answer of the list
   * @param text its explanation, or empty
   */
  record AnsweredList(DnsList list, ListAnswer answer, String text) {
    boolean lists(DnsList.Action action) {
      return list.action() == action && answer instanceof ListAnswer.Listed;
    }
  }

  /** The decision, whatever the order of the rows: an allow list prevails. */
  static ListVerdict of(List<AnsweredList> answers) {
    if (answers.stream().anyMatch(a -> a.lists(DnsList.Action.ALLOW))) {
      return new Pass();
    }
    Optional<AnsweredList> block =
        answers.stream().filter(a -> a.lists(DnsList.Action.REFUSE)).findFirst();
    return block.<ListVerdict>map(b -> new Refuse(b.list().zone(), b.text())).orElseGet(Pass::new);
  }
}
