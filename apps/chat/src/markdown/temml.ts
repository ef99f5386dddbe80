/** What formulas take: loaded with the first one. */
import 'temml/dist/Temml-Local.css';
import temml from 'temml';

export { temml };
