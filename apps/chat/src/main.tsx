import { render } from 'preact';

render(<h1>thimble</h1>, document.getElementById('app')!);
